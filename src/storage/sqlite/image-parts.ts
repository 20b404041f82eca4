import type { Work } from "../../lib/async/turns.ts";
import { attachmentTagsOf, parseAttachmentTag } from "../../oci/attachment-tag.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** A manifest that a repository holds. `tags` are those by which people know it, not such as attach it to another. */
export type Part = {
  readonly digest: string;
  readonly isIndex: boolean;
  readonly bytes: number;
  readonly pushed: number;
  readonly tags: readonly string[];
};

/** Of an image with more parts the others count for nothing, and stay: no image has so many. */
const PARTS = 2000;

type ManifestRow = { media_type: string; bytes: number; pushed: number; subject: string | null };

/** The manifests that an image consists of, the root first; null when it is no image by itself. */
export async function partsOf(
  database: SqliteDatabase,
  repository: string,
  root: string,
  work: Work,
): Promise<readonly Part[] | null> {
  const first = readPart(database, repository, root);
  if (first === null || isAttached(database, repository, first)) return null;
  const parts = new Map([[root, first.part]]);
  for (const part of parts.values()) {
    await work.rest();
    for (const digest of belongingTo(database, repository, part)) {
      if (parts.size >= PARTS) break;
      const found = parts.has(digest) ? null : readPart(database, repository, digest);
      if (found !== null) parts.set(digest, found.part);
    }
  }
  return [...parts.values()];
}

/** What a manifest lists, and what is attached to it, as far as the repository holds it. */
function belongingTo(database: SqliteDatabase, repository: string, { digest, isIndex }: Part): readonly string[] {
  const found: string[] = [];
  const query = (sql: string, ...more: string[]) =>
    found.push(
      ...database
        .query<{ d: string }, string[]>(sql)
        .all(repository, ...more)
        .map(({ d }) => d),
    );
  if (isIndex) {
    query(
      `SELECT f.digest AS d FROM manifest_reference f CROSS JOIN repository_manifest r
         ON r.repository = ?1 AND r.manifest = f.digest WHERE f.manifest = ?2 LIMIT ${PARTS}`,
      digest,
    );
  }
  query(`SELECT manifest AS d FROM repository_manifest WHERE repository = ?1 AND subject = ?2 LIMIT ${PARTS}`, digest);
  for (const tag of attachmentTagsOf(digest as Digest)) {
    query("SELECT manifest AS d FROM tag WHERE repository = ?1 AND name = ?2", tag);
  }
  return found;
}

/** Does it belong to another manifest that is here, and has no name of its own? */
function isAttached(
  database: SqliteDatabase,
  repository: string,
  { part, subject, attachedTo }: NonNullable<ReturnType<typeof readPart>>,
): boolean {
  if (part.tags.length > 0) return false;
  const holds = database.query<unknown, [string, string]>(
    "SELECT 1 FROM repository_manifest WHERE repository = ? AND manifest = ?",
  );
  return [...attachedTo, ...(subject === null ? [] : [subject])].some((one) => holds.get(repository, one) !== null);
}

function readPart(database: SqliteDatabase, repository: string, digest: string) {
  const row = database
    .query<ManifestRow, [string, string]>(
      `SELECT m.media_type, length(m.bytes) AS bytes, r.pushed, r.subject FROM repository_manifest r
       CROSS JOIN manifest m ON m.digest = r.manifest WHERE r.repository = ? AND r.manifest = ?`,
    )
    .get(repository, digest);
  if (row === null) return null;
  const names = database
    .query<{ name: string }, [string, string]>(
      "SELECT DISTINCT name FROM tag WHERE repository = ? AND manifest = ? ORDER BY name",
    )
    .all(repository, digest)
    .map(({ name }) => name);
  const attachedTo: string[] = [];
  const holds = database.query<unknown, [string, string]>(
    "SELECT 1 FROM repository_manifest WHERE repository = ? AND manifest = ?",
  );
  const tags = names.filter((name) => {
    const subject = parseAttachmentTag(name)?.subject ?? null;
    // What its subject has left behind is nobody's but its own.
    if (subject === null || holds.get(repository, subject) === null) return true;
    attachedTo.push(subject);
    return false;
  });
  const { media_type, bytes, pushed, subject } = row;
  return { part: { digest, isIndex: isIndexType(media_type), bytes, pushed, tags }, subject, attachedTo };
}
