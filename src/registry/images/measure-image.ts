import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { StoredManifest } from "../../storage/metadata.ts";
import { platformOfConfig, tryNamePlatform } from "./image-summary.ts";
import type { ImageVisit } from "./image-visit.ts";
import { blobsOf, isIndex } from "../pull/image-walk.ts";

/**
 * How much of an image is here. `sizeBytes` counts manifests, and blobs that are whole, each once; `platforms` are
 * those of which every blob is here, in order, a hundred at most.
 */
export type ImageExtent = { readonly sizeBytes: number; readonly platforms: readonly string[] };

const PLATFORMS_LIMIT = 100;

/** Measures how much of an image is here. What turns out to be none, or too much of one, counts as far as it was visited. */
export async function measureImage(visit: ImageVisit, root: StoredManifest): Promise<ImageExtent> {
  const sizes = new Map<Digest, number>();
  const platforms = new Set<string>();
  /** `listedFor` is the platform that an index gives the image, empty for an attestation's; null: its config knows. */
  const measure = async (stored: StoredManifest, depth: number, listedFor: string | null): Promise<void> => {
    const manifest = await visit.read(stored, depth);
    sizes.set(stored.digest, stored.bytes.byteLength);
    if (isIndex(stored)) {
      const here = await visit.manifestsHere(manifest.manifests.map(({ digest }) => digest));
      for (const { digest, platform } of manifest.manifests) {
        const child = sizes.has(digest) ? null : await visit.child(here, digest);
        const listedFor = platform === undefined ? null : (tryNamePlatform(platform) ?? "");
        if (child !== null) await measure(child, depth + 1, listedFor);
      }
      return;
    }
    const lacking = await visit.lackingBlobs(manifest);
    for (const { digest, size } of blobsOf(manifest)) if (!lacking.has(digest)) sizes.set(digest, size);
    if (lacking.size > 0) return;
    const platform = listedFor ?? platformOfConfig(await visit.readConfig(manifest));
    if (platform !== null && platform !== "") platforms.add(platform);
  };
  try {
    await measure(root, 0, null);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
  }
  const sizeBytes = sizes.values().reduce((sum, size) => sum + size, 0);
  return { sizeBytes, platforms: [...platforms].sort().slice(0, PLATFORMS_LIMIT) };
}
