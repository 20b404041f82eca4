import { Database } from "bun:sqlite";
import { algorithmOf, digestOf, tryParseDigest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isSqliteDamage } from "../storage/store-damage.ts";
import { manifestRecord } from "./change-watch.ts";
import { type Cell, columnsOf, KEPT_TABLES } from "./kept-tables.ts";
import type { StoreRecord } from "./store-record.ts";

const ROWS = 200;

type ManifestRow = { rowid: number; digest: string; media_type: string; bytes: Uint8Array };
type HolderRow = { repository: string; manifest: string };
type TagRow = { repository: string; name: string; pushed: 0 | 1; manifest: string; updated_at: number };

/**
 * Reads what can still be read of a damaged database, as records. It is read by each index and from both ends, as far
 * as that goes; what does not have its digest is left out. Times are not read: a tag counts as set at `atMs`.
 */
export function* salvage(path: string, atMs: number): Generator<readonly StoreRecord[]> {
  const database = openOrNull(path);
  if (database === null) return;
  try {
    const subjects = new Map<string, string>();
    for (const rows of manifests(database)) {
      for (const { digest, media_type, bytes } of rows) {
        const subject = subjectOf(bytes, media_type);
        if (subject !== null) subjects.set(digest, subject);
      }
      yield rows.map((row) => manifestRecord(row.digest, row.media_type, row.bytes));
    }
    for (const rows of bothWays<HolderRow>(database, HOLDERS)) {
      yield rows.map((row) => ({
        kind: "held",
        ...row,
        subject: subjects.get(row.manifest) ?? null,
        addedAtMs: atMs,
        orphanedAtMs: null,
        pushed: null,
        pulledAtMs: null,
      }));
    }
    for (const rows of bothWays<TagRow>(database, TAGS)) {
      yield rows.map(({ updated_at, ...row }) => ({ kind: "tag", ...row, updatedAtMs: updated_at, checkedAtMs: 0 }));
    }
    yield* keptRows(database);
  } finally {
    database.close();
  }
}

/** A table or index to read, and in which order. */
type Source = { readonly columns: string; readonly from: string; readonly order: readonly string[] };

const HOLDERS: readonly Source[] = [
  { columns: "repository, manifest", from: "repository_manifest NOT INDEXED", order: ["repository", "manifest"] },
  {
    columns: "repository, manifest",
    from: "repository_manifest INDEXED BY repository_manifest_manifest",
    order: ["manifest", "repository"],
  },
];
const TAGS: readonly Source[] = [
  {
    columns: "repository, name, pushed, manifest, updated_at",
    from: "tag NOT INDEXED",
    order: ["repository", "name", "pushed"],
  },
  {
    columns: "repository, name, pushed, manifest, 0 AS updated_at",
    from: "tag INDEXED BY tag_manifest",
    order: ["repository", "manifest"],
  },
];

function openOrNull(path: string): Database | null {
  try {
    const database = new Database(path, { strict: true });
    const sql = "SELECT count(*) AS n FROM sqlite_schema WHERE name IN ('manifest', 'repository_manifest', 'tag')";
    if (database.query<{ n: number }, []>(sql).get()?.n === 3) return database;
    database.close();
    return null;
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
    return null;
  }
}

/** A database of an older larder has fewer tables. */
function* keptRows(database: Database): Generator<readonly StoreRecord[]> {
  for (const table of KEPT_TABLES) {
    const { name, key, condition } = table;
    const sql = "SELECT count(*) AS n FROM sqlite_schema WHERE name = ?";
    const isThere = unlessDamaged(() => database.query<{ n: number }, [string]>(sql).get(name)?.n === 1);
    if (isThere !== true) continue;
    const where = condition === null ? "" : ` WHERE ${condition.replaceAll("row.", "")}`;
    const source = { columns: columnsOf(table).join(", "), from: `${name} NOT INDEXED${where}`, order: key };
    for (const rows of bothWays<Record<string, Cell>>(database, [source])) {
      yield rows.map((row) => ({ kind: "row", table: name, row }));
    }
  }
}

type ManifestsAfter = (rowid: number, limit: number) => readonly ManifestRow[] | null;

/** By rowid; where a page cannot be read, it goes on behind it, in steps that grow. */
function* manifests(database: Database): Generator<readonly ManifestRow[]> {
  const last = unlessDamaged(() => database.query<{ n: number }, []>("SELECT max(rowid) AS n FROM manifest").get());
  const end = last?.n ?? Number.MAX_SAFE_INTEGER;
  const sql = "SELECT rowid, digest, media_type, bytes FROM manifest WHERE rowid > ? ORDER BY rowid LIMIT ?";
  const read: ManifestsAfter = (rowid, limit) =>
    unlessDamaged(() => database.query<ManifestRow, [number, number]>(sql).all(rowid, limit));
  let step = 1;
  for (let after = -1; after < end; ) {
    const rows = read(after, step === 1 ? ROWS : 1);
    if (rows === null) {
      // One may be read well where two hundred are not.
      const single = step === 1 ? readSingly(read, after) : [];
      if (single.length > 0) yield single.filter(hasItsDigest);
      after = (single.at(-1)?.rowid ?? after) + step;
      step *= 2;
      continue;
    }
    if (rows.length === 0) return;
    yield rows.filter(hasItsDigest);
    after = rows.at(-1)?.rowid ?? end;
    step = 1;
  }
}

function readSingly(read: ManifestsAfter, after: number): readonly ManifestRow[] {
  const rows: ManifestRow[] = [];
  for (let at = after; rows.length < ROWS; ) {
    const row = read(at, 1)?.[0];
    if (row === undefined) break;
    rows.push(row);
    at = row.rowid;
  }
  return rows;
}

function* bothWays<Row>(database: Database, sources: readonly Source[]): Generator<readonly Row[]> {
  for (const { columns, from, order } of sources) {
    for (const direction of ["ASC", "DESC"]) {
      const by = order.map((column) => `${column} ${direction}`).join(", ");
      let batch: Row[] = [];
      for (const row of readUntilDamage<Row>(database, `SELECT ${columns} FROM ${from} ORDER BY ${by}`)) {
        if (batch.push(row) < ROWS) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    }
  }
}

function* readUntilDamage<Row>(database: Database, sql: string): Generator<Row> {
  try {
    yield* database.query<Row, []>(sql).iterate();
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
  }
}

function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
    return null;
  }
}

/** Do these bytes have that digest? */
export function hasItsDigest({ digest: text, bytes }: ManifestRow): boolean {
  const digest = tryParseDigest(text);
  return digest !== null && bytes instanceof Uint8Array && digestOf(bytes, algorithmOf(digest)) === digest;
}

function subjectOf(bytes: Uint8Array, mediaType: string): string | null {
  try {
    return parseManifest(bytes, mediaType).subject?.digest ?? null;
  } catch {
    return null;
  }
}
