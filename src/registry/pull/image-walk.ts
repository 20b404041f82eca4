import type { Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Manifest, manifestSteps } from "../../oci/manifest.ts";
import { isIndexType, isNonDistributable } from "../../oci/media-type.ts";
import { formatPlatform, matchesNormalized, normalizePlatform, type Platform } from "../../oci/platform.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { StoredManifest } from "../../storage/metadata.ts";

/** Platforms that a message names, and so much of each name: who made the index may have called them anything. */
const NAMED = 20;
const NAME_LENGTH = 80;

/** Which of an index's images are meant: those for these platforms, or all, attestations included. */
export type PlatformChoice = readonly Platform[] | "all";

/** The manifests of an index that are meant. Throws MANIFEST_UNKNOWN, naming what there is, when a platform has none. */
export function chooseManifests(manifest: Manifest, platforms: PlatformChoice): readonly Descriptor[] {
  if (platforms === "all") return manifest.manifests;
  const offers = manifest.manifests.flatMap((descriptor) =>
    descriptor.platform === undefined ? [] : [{ descriptor, platform: normalizePlatform(descriptor.platform) }],
  );
  const chosen = new Set<Descriptor>();
  for (const wanted of platforms) {
    const normalized = normalizePlatform(wanted);
    const fitting = offers.filter(({ platform }) => matchesNormalized(normalized, platform));
    const best = fitting.find(({ descriptor }) => descriptor.platform?.variant === wanted.variant) ?? fitting[0];
    if (best === undefined) throw noSuchPlatform(manifest, wanted);
    chosen.add(best.descriptor);
  }
  return [...chosen];
}

/** The blobs that an image needs to run: config and layers, without those that are never distributed. */
export function blobsOf(manifest: Manifest): readonly Descriptor[] {
  const layers = manifest.layers.filter((layer) => !isNonDistributable(layer.mediaType));
  return manifest.config === null ? layers : [manifest.config, ...layers];
}

/** A stored manifest, read in turns. Throws MANIFEST_INVALID for one that takes too long to read. */
export function readManifest(stored: StoredManifest, work: Work): Promise<Manifest> {
  return work.finish(manifestSteps(stored.bytes, stored.mediaType));
}

/** Is this an index? */
export function isIndex(stored: StoredManifest): boolean {
  return isIndexType(stored.mediaType);
}

function noSuchPlatform(manifest: Manifest, wanted: Platform): RegistryError {
  const known = new Set<string>();
  for (const { platform } of manifest.manifests) {
    if (platform !== undefined && platform.os !== "unknown") known.add(formatPlatform(platform).slice(0, NAME_LENGTH));
    if (known.size > NAMED) break;
  }
  const names = [...known].slice(0, NAMED).join(", ");
  const offer = known.size === 0 ? "it names no platforms" : `there are ${names}${known.size > NAMED ? ", …" : ""}`;
  return new RegistryError("MANIFEST_UNKNOWN", `the image has nothing for ${formatPlatform(wanted)}: ${offer}`);
}
