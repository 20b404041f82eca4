import { attachmentTagsOf } from "../../oci/attachment-tag.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** True of a row of `repository_manifest` that no tag names. */
const UNTAGGED = `NOT EXISTS (SELECT 1 FROM tag t
  WHERE t.repository = repository_manifest.repository AND t.manifest = repository_manifest.manifest)`;

/**
 * Notes the manifests that `parent`, which is gone, listed; not those that have a tag of their own, which stay when they lose
 * it. Whether another manifest names them is seen when they are taken.
 */
export function markOrphans(database: SqliteDatabase, repository: string, parent: string, atMs: number): void {
  // Tens of thousands of layers are not to be looked for among manifests.
  const row = database
    .query<{ media_type: string }, [string]>("SELECT media_type FROM manifest WHERE digest = ?")
    .get(parent);
  if (row === null || !isIndexType(row.media_type)) return;
  database
    .query<null, [number, string, string]>(
      `UPDATE repository_manifest SET orphaned_at = ?
       WHERE repository = ? AND manifest IN (SELECT digest FROM manifest_reference WHERE manifest = ?)
         AND ${UNTAGGED}`,
    )
    .run(atMs, repository, parent);
}

/** Notes a manifest that lost its last tag. */
export function releaseManifest(database: SqliteDatabase, repository: string, manifest: string): void {
  database
    .query<null, [string, string]>(
      `UPDATE repository_manifest SET orphaned_at = 0 WHERE repository = ? AND manifest = ? AND ${UNTAGGED}`,
    )
    .run(repository, manifest);
}

/**
 * Notes what was attached to a manifest that is gone: what names it as its subject, and the cached tags that say by their
 * names that they belong to it. Such a tag that a person pushed stays, and so does what has another tag; whether another
 * manifest names it is seen when it is taken.
 */
export function releaseAttached(database: SqliteDatabase, repository: string, subject: string): void {
  const remove = database.query<{ manifest: string }, [string, string]>(
    "DELETE FROM tag WHERE repository = ? AND name = ? AND pushed = 0 RETURNING manifest",
  );
  for (const tag of attachmentTagsOf(subject as Digest)) {
    rememberRow(database, "tag", [repository, tag, 0]);
    const removed = remove.get(repository, tag);
    if (removed !== null) releaseManifest(database, repository, removed.manifest);
  }
  database
    .query<null, [string, string]>(
      `UPDATE repository_manifest SET orphaned_at = 0 WHERE repository = ? AND subject = ? AND ${UNTAGGED}`,
    )
    .run(repository, subject);
}
