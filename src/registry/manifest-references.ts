import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { isIndexType, isNonDistributable } from "../oci/media-type.ts";

/** The blobs that must be here before the manifest may be: all but those that are never pushed. */
export function requiredBlobs(manifest: Manifest): readonly Digest[] {
  const layers = manifest.layers.filter((layer) => !isNonDistributable(layer.mediaType));
  return unique([...(manifest.config === null ? [] : [manifest.config]), ...layers].map((blob) => blob.digest));
}

/** What the manifest holds on to. An index may list manifests that are not here (yet, or ever: it is then sparse). */
export function referencesOf(manifest: Manifest): readonly Digest[] {
  const listed = isIndexType(manifest.mediaType) ? manifest.manifests.map((child) => child.digest) : [];
  return unique([...requiredBlobs(manifest), ...listed]);
}

function unique(digests: readonly Digest[]): readonly Digest[] {
  return [...new Set(digests)];
}
