import { mapBounded } from "../lib/async/map-bounded.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { blobsOf, chooseManifests, type PlatformChoice } from "../registry/pull/image-walk.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import type { ImageState } from "./image-registry.ts";

const PARALLEL_BLOBS = 8;

/** Does any OCI registry hold the image whole: its manifests, and every blob of the platforms at its size? */
export async function checkPlainImage(
  client: RegistryClient,
  path: RepositoryPath,
  name: Tag | Digest,
  platforms: PlatformChoice,
  signal: AbortSignal,
): Promise<ImageState> {
  const seen = new Set<string>();
  const missing = new Set<Digest>();

  /** False when the manifest itself is not there. */
  const collectMissing = async (wanted: Tag | Digest): Promise<boolean> => {
    if (seen.has(wanted)) return true;
    seen.add(wanted);
    const fetched = await client.getManifest(path, wanted, { signal });
    if (fetched === null) return false;
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    if (isIndexType(manifest.mediaType)) {
      for (const { digest } of chooseManifests(manifest, platforms)) {
        if (!(await collectMissing(digest))) missing.add(digest);
      }
    }
    await mapBounded(blobsOf(manifest), PARALLEL_BLOBS, async ({ digest, size }) => {
      const head = await client.headBlob(path, digest, { signal });
      // Manifests of Docker's first version do not tell sizes.
      const isCut = size > 0 && head?.sizeBytes != null && head.sizeBytes !== size;
      if (head === null || isCut) missing.add(digest);
    });
    return true;
  };

  try {
    if (!(await collectMissing(name))) return { state: "absent", missing: [], missingCount: 0, reason: null };
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== "MANIFEST_UNKNOWN") throw error;
    return { state: "incomplete", missing: [...missing], missingCount: missing.size, reason: error.message };
  }
  if (missing.size === 0) return { state: "whole", missing: [], missingCount: 0, reason: null };
  return {
    state: "incomplete",
    missing: [...missing],
    missingCount: missing.size,
    reason: `${missing.size} of its parts are not there, or are cut short: ${[...missing].slice(0, 3).join(", ")}`,
  };
}
