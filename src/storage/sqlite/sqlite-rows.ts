import type { Digest } from "../../oci/digest.ts";
import type { Tag } from "../../oci/tag.ts";
import type { StoredManifest, StoredTag } from "../metadata.ts";

/** A row of a manifest as SQLite returns it. */
export type ManifestRow = { digest: string; media_type: string; bytes: Uint8Array };

/** A row of a tag as SQLite returns it. */
export type TagRow = {
  name: string;
  pushed: number;
  manifest: string;
  updated_at: number;
  checked_at: number;
  pulled_at: number;
};

/** Makes a manifest of its row. What is in the database was checked on its way in. */
export function toManifest(row: ManifestRow): StoredManifest {
  return { digest: row.digest as Digest, mediaType: row.media_type, bytes: row.bytes };
}

/** Makes a tag of its row. What is in the database was checked on its way in. */
export function toTag(row: TagRow): StoredTag {
  return {
    tag: row.name as Tag,
    kind: row.pushed === 1 ? "pushed" : "cached",
    digest: row.manifest as Digest,
    updatedAtMs: row.updated_at,
    checkedAtMs: row.checked_at,
    pulledAtMs: row.pulled_at === 0 ? null : row.pulled_at,
  };
}
