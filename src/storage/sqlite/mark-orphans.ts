import { attachmentTagsOf } from "../../oci/attachment-tag.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** True of a row of `repository_manifest` that no tag names. */
const UNTAGGED = `NOT EXISTS (SELECT 1 FROM tag t
  WHERE t.repository = repository_manifest.repository AND t.manifest = repository_manifest.manifest)`;

/** What marks orphans of an image that was evicted, where 0 marks those of one that was removed: what was pushed is none. */
export const EVICTED = -1;

/** Keeps what a person pushed from what is done for want of space. */
function unlessPushed(orphanedAt: number): string {
  return orphanedAt === EVICTED ? "AND pushed = 0" : "";
}

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
         AND ${UNTAGGED} ${unlessPushed(atMs)}`,
    )
    .run(atMs, repository, parent);
}

/** Notes a manifest that lost its last tag. */
export function releaseManifest(database: SqliteDatabase, repository: string, manifest: string, orphanedAt = 0): void {
  database
    .query<null, [number, string, string]>(
      `UPDATE repository_manifest SET orphaned_at = ? WHERE repository = ? AND manifest = ? AND ${UNTAGGED}
         ${unlessPushed(orphanedAt)}`,
    )
    .run(orphanedAt, repository, manifest);
}

/**
 * Notes what was attached to a manifest that is gone: what names it as its subject, and the tags that say by their names that
 * they belong to it, whoever put them: without it nobody can use them. Where it was `EVICTED`, it may come back from upstream
 * any time, and what people pushed for it stays. What has another tag stays; whether another manifest
 * names it is seen when it is taken.
 */
export function releaseAttached(database: SqliteDatabase, repository: string, subject: string, orphanedAt = 0): void {
  const remove = database.query<{ manifest: string }, [string, string]>(
    `DELETE FROM tag WHERE repository = ? AND name = ? ${unlessPushed(orphanedAt)} RETURNING manifest`,
  );
  for (const tag of attachmentTagsOf(subject as Digest)) {
    for (const pushed of [0, 1]) rememberRow(database, "tag", [repository, tag, pushed]);
    for (const { manifest } of remove.all(repository, tag)) releaseManifest(database, repository, manifest, orphanedAt);
  }
  database
    .query<null, [number, string, string]>(
      `UPDATE repository_manifest SET orphaned_at = ? WHERE repository = ? AND subject = ? AND ${UNTAGGED}
         ${unlessPushed(orphanedAt)}`,
    )
    .run(orphanedAt, repository, subject);
}

/**
 * Notes that what is attached to a manifest, if there is anything, was left behind when that was deleted by itself: whoever
 * copies an image may put it there again.
 */
export function noteDeparture(database: SqliteDatabase, repository: string, subject: string, atMs: number): void {
  const names = JSON.stringify(attachmentTagsOf(subject as Digest));
  const isAnything = database
    .query<unknown, [string, string, string]>(
      `SELECT 1 WHERE EXISTS (SELECT 1 FROM repository_manifest WHERE repository = ?1 AND subject = ?2)
         OR EXISTS (SELECT 1 FROM json_each(?3) n CROSS JOIN tag t ON t.repository = ?1 AND t.name = n.value)`,
    )
    .get(repository, subject, names);
  if (isAnything === null) return;
  database
    .query<null, [string, string, number]>(
      `INSERT INTO left_behind (repository, manifest, since, look_at) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING`,
    )
    .run(repository, subject, atMs);
  database.otherwise(() => forgetLeftBehind(database, repository, subject));
}

function forgetLeftBehind(database: SqliteDatabase, repository: string, manifest: string): void {
  database
    .query<null, [string, string]>("DELETE FROM left_behind WHERE repository = ? AND manifest = ?")
    .run(repository, manifest);
}

/** More than one transaction leaves behind: the rest was noted by a database that was made anew. */
const STAMPS_AT_ONCE = 200;

/** Gives their time to those that the transaction that this is called in left behind without a tag. */
export function stampLeftBehind(database: SqliteDatabase, atMs: number): void {
  database
    .query<null, [number, number]>(
      `UPDATE left_behind SET since = ?1, look_at = ?1 WHERE (repository, manifest) IN
         (SELECT repository, manifest FROM left_behind WHERE look_at = 0 LIMIT ?2)`,
    )
    .run(atMs, STAMPS_AT_ONCE);
}
