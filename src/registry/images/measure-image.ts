import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { platformOfConfig } from "../../oci/image-config.ts";
import { ALL_PLATFORMS } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { StoredManifest } from "../../storage/metadata.ts";
import { tryNamePlatform } from "./image-summary.ts";
import type { ImageVisit } from "./image-visit.ts";

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
  try {
    for await (const step of visit.walk(root, ALL_PLATFORMS)) {
      if (step.kind === "missing") continue;
      const { content, blobs, manifest, listed, isIndex } = step;
      sizes.set(content.digest, content.bytes.byteLength);
      const lacking = await visit.lacking(blobs);
      for (const { digest, size } of blobs) if (!lacking.has(digest)) sizes.set(digest, size);
      if (isIndex || lacking.size > 0) continue;
      const platform = await namedPlatform(visit, listed, manifest.config);
      if (platform !== null) platforms.add(platform);
    }
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
  }
  const sizeBytes = sizes.values().reduce((sum, size) => sum + size, 0);
  return { sizeBytes, platforms: [...platforms].sort().slice(0, PLATFORMS_LIMIT) };
}

/** The platform that the index gives an image, null for an attestation's; else the config knows. */
async function namedPlatform(
  visit: ImageVisit,
  listed: Descriptor | null,
  config: Descriptor | null,
): Promise<string | null> {
  if (listed?.platform !== undefined) return tryNamePlatform(listed.platform);
  return config === null ? null : tryNamePlatform(platformOfConfig(await visit.config(config)));
}
