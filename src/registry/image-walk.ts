import type { Descriptor } from "../oci/descriptor.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType, isNonDistributable } from "../oci/media-type.ts";
import { formatPlatform, type Platform, platformMatches } from "../oci/platform.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { StoredManifest } from "../storage/metadata.ts";

/** Which of an index's images are meant: those for these platforms, or all, attestations included. */
export type PlatformChoice = readonly Platform[] | "all";

/** The manifests of an index that are meant. Throws MANIFEST_UNKNOWN, naming what there is, when a platform has none. */
export function chooseManifests(manifest: Manifest, platforms: PlatformChoice): readonly Descriptor[] {
  if (platforms === "all") return manifest.manifests;
  const chosen = new Set<Descriptor>();
  for (const wanted of platforms) {
    const fitting = manifest.manifests.filter(
      ({ platform }) => platform !== undefined && platformMatches(wanted, platform),
    );
    const [best] = [...fitting].sort((a, b) => Number(isExact(b, wanted)) - Number(isExact(a, wanted)));
    if (best === undefined) throw noSuchPlatform(manifest, wanted);
    chosen.add(best);
  }
  return [...chosen];
}

/** The blobs that an image needs to run: config and layers, without those that are never distributed. */
export function blobsOf(manifest: Manifest): readonly Descriptor[] {
  const layers = manifest.layers.filter((layer) => !isNonDistributable(layer.mediaType));
  return manifest.config === null ? layers : [manifest.config, ...layers];
}

/** A stored manifest, read; it was valid when it came in. */
export function readManifest(stored: StoredManifest): Manifest {
  return parseManifest(stored.bytes, stored.mediaType);
}

/** Is this an index? */
export function isIndex(stored: StoredManifest): boolean {
  return isIndexType(stored.mediaType);
}

function isExact({ platform }: Descriptor, wanted: Platform): boolean {
  return platform !== undefined && platform.variant === wanted.variant;
}

function noSuchPlatform(manifest: Manifest, wanted: Platform): RegistryError {
  const known = manifest.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [formatPlatform(platform)],
  );
  const offer = known.length === 0 ? "it names no platforms" : `there are ${[...new Set(known)].join(", ")}`;
  return new RegistryError("MANIFEST_UNKNOWN", `the image has nothing for ${formatPlatform(wanted)}: ${offer}`);
}
