import type { Manifest } from "../../oci/manifest.ts";
import { referencesOf, weightOf } from "../../oci/manifest-references.ts";
import type { Tag } from "../../oci/tag.ts";
import type { ManifestPut, StoredManifest } from "../../storage/metadata.ts";

/**
 * The record of a manifest that is a copy of another registry's, under `tag`, or under its digest alone when that is
 * null. Its blobs need not be here; they are fetched when they are asked for.
 */
export function cachedManifest(manifest: StoredManifest, parsed: Manifest, tag: Tag | null, atMs: number): ManifestPut {
  return {
    manifest,
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: [],
    references: referencesOf(parsed),
    subject: parsed.subject?.digest ?? null,
    tags: tag === null ? [] : [tag],
    kind: "cached",
    isPart: false,
    atMs,
    sizeBytes: weightOf(parsed, manifest.bytes.byteLength),
  };
}
