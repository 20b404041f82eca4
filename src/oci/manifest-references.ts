import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { Manifest } from "./manifest.ts";
import { isIndexType, isManifestType, isNonDistributable } from "./media-type.ts";

/** The blobs that must be here before the manifest may be stored: all but those that are never pushed. */
export function requiredBlobs(manifest: Manifest): readonly Digest[] {
  return digestsOf([...(manifest.config === null ? [] : [manifest.config]), ...manifest.layers]);
}

/**
 * The entries of an index: manifests, and blobs such as the layers of a build cache, told apart by their media types.
 */
export function listedIn(manifest: Manifest): { manifests: readonly Digest[]; others: readonly Digest[] } {
  const listed = isIndexType(manifest.mediaType) ? manifest.manifests : [];
  return {
    manifests: digestsOf(listed.filter(({ mediaType }) => isManifestType(mediaType))),
    others: digestsOf(listed.filter(({ mediaType }) => !isManifestType(mediaType))),
  };
}

/** The manifests that an index lists; entries of other types, such as the layers of a build cache, are blobs. */
export function listedManifests(manifest: Manifest): readonly Descriptor[] {
  return manifest.manifests.filter(({ mediaType }) => isManifestType(mediaType));
}

/** The blobs that make up a manifest's own content, those that its registry may not distribute included. */
export function blobsOf({ config, layers, manifests }: Manifest): readonly Descriptor[] {
  const others = manifests.filter(({ mediaType }) => !isManifestType(mediaType));
  return [...(config === null ? [] : [config]), ...layers, ...others];
}

/**
 * The size in bytes of a manifest and of the blobs that it names, as it says itself; null for an index, which does not
 * say it.
 */
export function weightOf(manifest: Manifest, manifestBytes: number): number | null {
  if (isIndexType(manifest.mediaType)) return null;
  return blobsOf(manifest).reduce((sum, { size }) => sum + size, manifestBytes);
}

/**
 * The digests that a manifest refers to and keeps from being collected. Those that an index from upstream lists may
 * never come here, nor may layers that are not distributed.
 */
export function referencesOf(manifest: Manifest): readonly Digest[] {
  const { manifests } = listedIn(manifest);
  return [...new Set([...blobsOf(manifest).map(({ digest }) => digest), ...manifests])];
}

/** Each digest once, of what may be distributed. */
function digestsOf(descriptors: readonly Descriptor[]): readonly Digest[] {
  return [
    ...new Set(descriptors.filter(({ mediaType }) => !isNonDistributable(mediaType)).map(({ digest }) => digest)),
  ];
}
