import { whyNoContainerImage } from "../../oci/container-image.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { RegistryError } from "../../oci/registry-error.ts";

/**
 * Throws UNSUPPORTED for what Docker and Podman could not load: no container image, or one with layers that are not there.
 * `manifests` and `absent` as in `ImageSink.accept`. An index will do if one of its manifests does.
 */
export function insistOnDockerImage(
  manifests: readonly ManifestContent[],
  absent: readonly Descriptor[],
  location: string,
): void {
  const parsed = manifests.map(({ bytes, mediaType }) => parseManifest(bytes, mediaType));
  const root = parsed.at(-1);
  const candidates = root !== undefined && isIndexType(root.mediaType) ? parsed : parsed.slice(-1);
  const reasons = candidates.map(whyNoContainerImage);
  if (!reasons.includes(null)) {
    // An index is what its children are.
    const why = (reasons.at(-1) === "an index" ? reasons[0] : reasons.at(-1)) ?? "an empty index";
    throw new RegistryError(
      "UNSUPPORTED",
      `${location} can hold container images only, and this is ${why}; copy it to oci-archive:, oci:, dir: or a registry`,
    );
  }
  const [layer] = absent;
  if (layer === undefined) return;
  throw new RegistryError(
    "UNSUPPORTED",
    `${location} needs every layer, and ${layer.digest} may not be distributed and is not in the source; copy the image to a registry, whose clients fetch that layer themselves`,
  );
}
