import type { Digest } from "../../src/oci/digest.ts";
import { type Manifest, parseManifest } from "../../src/oci/manifest.ts";
import { hostPlatform } from "../../src/oci/platform.ts";
import { bestListed } from "../../src/oci/choose-platforms.ts";

/** The manifest for this machine's platform that `top`, an index or a manifest, leads to. `read` gives content. */
export async function platformManifest(
  top: Digest,
  read: (digest: Digest) => Promise<Uint8Array>,
): Promise<Manifest & { readonly config: NonNullable<Manifest["config"]> }> {
  const manifest = parseManifest(await read(top), null);
  if (manifest.config !== null) return { ...manifest, config: manifest.config };
  const mine = bestListed(manifest.manifests, hostPlatform());
  if (mine === null) throw new Error(`the index ${top} has no manifest for this machine`);
  return platformManifest(mine.digest, read);
}
