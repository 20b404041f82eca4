import type { Digest } from "../../oci/digest.ts";
import type { Tag } from "../../oci/tag.ts";
import type { StoredManifest, StoredTag } from "../metadata.ts";

/** A manifest as SQLite hands it out. */
export type ManifestRow = { digest: string; media_type: string; bytes: Uint8Array };

/** A tag as SQLite hands it out. */
export type TagRow = { name: string; pushed: number; manifest: string; updated_at: number; checked_at: number };

/** What is in the database was parsed on its way in. */
export function toManifest(row: ManifestRow): StoredManifest {
  return { digest: row.digest as Digest, mediaType: row.media_type, bytes: row.bytes };
}

export function toTag(row: TagRow): StoredTag {
  return {
    tag: row.name as Tag,
    kind: row.pushed === 1 ? "pushed" : "cached",
    digest: row.manifest as Digest,
    updatedAtMs: row.updated_at,
    checkedAtMs: row.checked_at,
  };
}
