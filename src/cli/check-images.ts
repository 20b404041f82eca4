import type { HasAnswer, PlatformList } from "../api/admin.ts";
import { mapBounded } from "../images/map-bounded.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { type Platform, tryParsePlatform } from "../oci/platform.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { blobsOf, chooseManifests, type PlatformChoice } from "../registry/image-walk.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import { pathsOf, type RegistryConnection } from "./registry-connection.ts";

/** Is an image there? As in the admin API. */
export type ImageState = HasAnswer["images"][number];

/** Images of another registry that are looked at at once. */
const PARALLEL = 16;

/** Tells of each image whether the registry holds it whole: one question where it is larder, else several for each. */
export async function checkImages(
  connection: RegistryConnection,
  references: readonly Reference[],
  platforms: PlatformList,
  signal: AbortSignal,
): Promise<readonly ImageState[]> {
  if (connection.larder !== null) {
    const images = references.map((reference) => ({ image: formatReference(reference), platforms }));
    return (await connection.larder.has({ images })).images;
  }
  const choice = choiceOf(platforms);
  return mapBounded(references, PARALLEL, (reference) => checkForeign(connection, reference, choice, signal));
}

function choiceOf(platforms: PlatformList): PlatformChoice {
  if (platforms === "all") return "all";
  return platforms.map(tryParsePlatform).filter((platform): platform is Platform => platform !== null);
}

async function checkForeign(
  connection: RegistryConnection,
  reference: Reference,
  choice: PlatformChoice,
  signal: AbortSignal,
): Promise<ImageState> {
  const wanted = reference.digest ?? reference.tag;
  if (wanted === null) return { state: "absent", missing: [], reason: "it has neither tag nor digest" };
  for (const path of pathsOf(connection, reference)) {
    const missing: Digest[] = [];
    try {
      const found = await collectMissing(connection.client, path, wanted, choice, missing, signal);
      if (!found) continue;
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== "MANIFEST_UNKNOWN") throw error;
      return { state: "incomplete", missing, reason: error.message };
    }
    if (missing.length === 0) return { state: "whole", missing, reason: null };
    return { state: "incomplete", missing, reason: `${missing.length} of its parts are not there` };
  }
  return { state: "absent", missing: [], reason: `${formatReference(reference)} is not at ${connection.host}` };
}

/** False when the manifest itself is not there. */
async function collectMissing(
  client: RegistryClient,
  path: RepositoryPath,
  wanted: Digest | NonNullable<Reference["tag"]>,
  choice: PlatformChoice,
  missing: Digest[],
  signal: AbortSignal,
): Promise<boolean> {
  const fetched = await client.getManifest(path, wanted, { signal });
  if (fetched === null) return false;
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  if (isIndexType(manifest.mediaType)) {
    for (const { digest } of chooseManifests(manifest, choice)) {
      if (!(await collectMissing(client, path, digest, choice, missing, signal))) missing.push(digest);
    }
    return true;
  }
  await mapBounded(blobsOf(manifest), PARALLEL, async ({ digest }) => {
    if ((await client.headBlob(path, digest, { signal })) === null) missing.push(digest);
  });
  return true;
}
