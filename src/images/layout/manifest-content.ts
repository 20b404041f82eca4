import { algorithmOf, type Digest, digestOf } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";

/**
 * The manifest `digest` out of the file that holds it. `mediaType` is what it is said to be elsewhere; null: what it
 * says itself. Throws DIGEST_INVALID when the bytes have another digest, MANIFEST_INVALID when they are no manifest.
 */
export function manifestContent(
  bytes: Uint8Array,
  digest: Digest,
  mediaType: string | null,
  location: string,
): ManifestContent {
  const actual = digestOf(bytes, algorithmOf(digest));
  if (actual !== digest) {
    throw new RegistryError(
      "DIGEST_INVALID",
      `the manifest ${digest} of ${location} is damaged: its bytes have the digest ${actual}`,
    );
  }
  return { bytes, digest, mediaType: parseManifest(bytes, mediaType).mediaType };
}
