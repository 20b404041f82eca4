import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { StoredManifest } from "../../storage/metadata.ts";
import type { ImageVisit } from "./image-visit.ts";
import { chooseManifests, isIndex, type PlatformChoice } from "../pull/image-walk.ts";
import { MissingParts } from "./missing-parts.ts";

/** Is an image here? */
export type CompletenessReport = {
  readonly state: "whole" | "absent" | "incomplete";
  /** What a whole image would need, the first ones; empty when the tag itself is absent. */
  readonly missing: readonly Digest[];
  readonly missingCount: number;
  /** A sentence for people; null when it is whole. */
  readonly reason: string | null;
};

/** Are all manifests and every blob of these platforms on disk, at their sizes? `root` is here. */
export async function checkCompleteness(
  visit: ImageVisit,
  root: StoredManifest,
  platforms: PlatformChoice,
): Promise<CompletenessReport> {
  const missing = new MissingParts();
  const incomplete = (reason: string) =>
    ({ state: "incomplete", missing: missing.named, missingCount: missing.count, reason }) as const;
  const seen = new Set<Digest>();
  const collect = async (stored: StoredManifest, depth: number): Promise<void> => {
    // An index that lists one manifest a thousand times does not cost a thousand visits.
    if (seen.has(stored.digest)) return;
    seen.add(stored.digest);
    const manifest = await visit.read(stored, depth);
    if (!isIndex(stored)) {
      for (const digest of await visit.lackingBlobs(manifest)) missing.add(digest);
      return;
    }
    const chosen = new Set(chooseManifests(manifest, platforms).map(({ digest }) => digest));
    const here = await visit.manifestsHere([...chosen]);
    for (const digest of chosen) {
      const child = await visit.child(here, digest);
      if (child === null) missing.add(digest);
      else await collect(child, depth + 1);
    }
  };
  try {
    await collect(root, 0);
  } catch (error) {
    // A platform that the index does not list, or no image at all: as far as that client is concerned there is none.
    if (!(error instanceof RegistryError)) throw error;
    return incomplete(error.message);
  }
  if (missing.count > 0) return incomplete(missing.toString());
  return { state: "whole", missing: [], missingCount: 0, reason: null };
}
