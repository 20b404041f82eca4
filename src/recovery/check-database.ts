import { tryParseDigest } from "../oci/digest.ts";
import type { Work } from "../lib/async/turns.ts";
import type { SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import { hasItsDigest } from "./salvage.ts";

/** Rows that are read before the clock is looked at. Manifests may have megabytes. */
const ROWS = 100;
const MANIFESTS = 4;

/**
 * Reads all tables and indexes of a database that is in use, in turns, each going on behind the last row, so that things may
 * change meanwhile. A page that cannot be read fails as it does for everybody, and tells whoever watches for damage. Returns
 * what else is wrong: a manifest that is not what its digest says; null when nothing is.
 */
export async function checkDatabase(database: SqliteDatabase, work: Work): Promise<string | null> {
  const wrong = await findWrongManifest(database, work);
  if (wrong === null) await readTables(database, work);
  return wrong;
}

async function findWrongManifest(database: SqliteDatabase, work: Work): Promise<string | null> {
  type Row = { rowid: number; digest: string; media_type: string; bytes: Uint8Array };
  const next = database.query<Row, [number, number]>(
    "SELECT rowid, digest, media_type, bytes FROM manifest NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ?",
  );
  for (let rows = next.all(-1, MANIFESTS); rows.length > 0; rows = next.all(rows.at(-1)?.rowid ?? 0, MANIFESTS)) {
    const wrong = rows.find((row) => !hasItsDigest(row));
    if (wrong !== undefined) {
      return `a manifest in larder.db is not what its digest says (${tryParseDigest(wrong.digest) ?? "which is none"})`;
    }
    await work.rest();
  }
  return null;
}

/** A table, or an index of one, with the columns of its key. */
type Source = { readonly from: string; readonly key: readonly string[] };

const SOURCES: readonly Source[] = [
  { from: "repository_manifest NOT INDEXED", key: ["repository", "manifest"] },
  { from: "repository_manifest INDEXED BY repository_manifest_manifest", key: ["manifest", "repository"] },
  { from: "tag NOT INDEXED", key: ["repository", "name", "pushed"] },
  { from: "tag INDEXED BY tag_manifest", key: ["repository", "manifest", "name", "pushed"] },
  { from: "manifest_reference NOT INDEXED", key: ["manifest", "digest"] },
  { from: "manifest_reference INDEXED BY manifest_reference_digest", key: ["digest", "manifest"] },
  { from: "blob NOT INDEXED", key: ["digest"] },
  { from: "repository_blob NOT INDEXED", key: ["repository", "digest"] },
  { from: "setting NOT INDEXED", key: ["key"] },
  { from: "tag_list NOT INDEXED", key: ["repository"] },
  { from: "repository_blob INDEXED BY repository_blob_digest", key: ["digest", "repository"] },
];

/** SQLite passes over the rows between two keys by itself: a row that comes here costs more than reading it. */
async function readTables(database: SqliteDatabase, work: Work): Promise<void> {
  for (const { from, key } of SOURCES) {
    const columns = key.join(", ");
    const marks = key.map(() => "?").join(", ");
    const select = `SELECT ${columns} FROM ${from}`;
    const order = `ORDER BY ${columns} LIMIT 1 OFFSET ${ROWS - 1}`;
    const first = database.query<Row, []>(`${select} ${order}`);
    const after = database.query<Row, (string | number)[]>(`${select} WHERE (${columns}) > (${marks}) ${order}`);
    for (let row = first.get(); row !== null; ) {
      await work.rest();
      const last: Row = row;
      row = after.get(...key.map((column) => last[column] ?? ""));
    }
  }
}

type Row = Readonly<Record<string, string | number>>;
