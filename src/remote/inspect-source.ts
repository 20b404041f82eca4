import { readManifest } from "../images/copy/manifest-tree.ts";
import { sourceReader } from "../images/copy/source-reader.ts";
import type { ImageSource, SourceImage } from "../images/image-source.ts";
import { mapBounded } from "../lib/async/map-bounded.ts";
import { Turns } from "../lib/async/turns.ts";
import { isJsonType } from "../oci/image-config.ts";
import { platformsIn } from "../oci/image-walk.ts";
import { parseManifest } from "../oci/manifest.ts";
import { blobsOf } from "../oci/manifest-references.ts";
import { isIndexType } from "../oci/media-type.ts";
import { summaryOf } from "../registry/images/image-summary.ts";
import type { ImageDetails } from "./image-registry.ts";

/** Manifests that are looked at at once. */
const PARALLEL = 4;

/** Describes an image of any source, as a registry does. Throws MANIFEST_UNKNOWN or MANIFEST_INVALID. */
export async function inspectSource(
  source: ImageSource,
  image: SourceImage,
  signal: AbortSignal,
): Promise<ImageDetails> {
  const content = await readManifest(source, image.digest);
  const manifest = parseManifest(content.bytes, content.mediaType);
  const work = new Turns().begin(signal);
  const reader = sourceReader(source, PARALLEL, work);
  const summary = summaryOf(manifest, await platformsIn(content, reader, work));
  const { config } = manifest;
  const sizes = blobsOf(manifest).reduce((sum, { size }) => sum + size, content.bytes.byteLength);
  return {
    name: image.name ?? source.location,
    kind: null,
    updatedAtMs: null,
    pulledAtMs: null,
    digest: content.digest,
    ...summary,
    platforms: await mapBounded(summary.platforms, PARALLEL, async (one) => ({
      ...one,
      isHere: (await source.manifest(one.digest)) !== null,
    })),
    // An index does not say how large its images are.
    sizeBytes: isIndexType(manifest.mediaType) ? null : sizes,
    config: config === null || !isJsonType(config.mediaType) ? null : await reader.config(config),
    manifestBase64: Buffer.from(content.bytes).toString("base64"),
  };
}
