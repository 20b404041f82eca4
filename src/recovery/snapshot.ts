import { mkdir, open, rename, rm } from "node:fs/promises";
import { passFaultPoint } from "../lib/files/fault-point.ts";
import { syncFolder } from "../lib/files/sync-folder.ts";
import type { Work } from "../lib/async/turns.ts";
import type { SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import { manifestRecord } from "./change-watch.ts";
import { type Cell, columnsOf, KEPT_TABLES, type KeptTable } from "./kept-tables.ts";
import { historyFolder, historyPath } from "./history-folder.ts";
import { formatRecord, type StoreRecord } from "./store-record.ts";

/** Rows of one query: some hundred small ones take 1 ms, and a manifest may have megabytes. */
const ROWS = 200;
const MANIFESTS = 8;
/** Lines are gathered to this size before they are written: larger batches are slower to be given back than to be made. */
const BATCH_CHARACTERS = 32 << 10;

/**
 * Writes the snapshot `number`: all that the database says of manifests, of who holds them, of tags, of settings, and of `KEPT_TABLES`. It reads in turns
 * of the event loop, while things change; what changes meanwhile is in the file of changes with the same number, which
 * must have been begun before. The snapshot is there whole or not at all.
 */
export async function writeSnapshot(
  database: SqliteDatabase,
  dataFolder: string,
  number: number,
  atMs: number,
  work: Work,
): Promise<void> {
  const path = historyPath(dataFolder, "snapshot", number);
  await mkdir(historyFolder(dataFolder), { recursive: true, mode: 0o700 });
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    let records = 0;
    let batch = formatRecord({ kind: "begin", store: database.storeId, atMs });
    for (const slice of slices(database)) {
      for (const record of slice) batch += formatRecord(record);
      records += slice.length;
      if (batch.length >= BATCH_CHARACTERS) {
        await file.appendFile(batch);
        batch = "";
      }
      await work.rest();
    }
    passFaultPoint("snapshot.write");
    await file.appendFile(batch + formatRecord({ kind: "end", records }));
    await file.sync();
    await file.close();
    passFaultPoint("snapshot.rename");
    await rename(`${path}.new`, path);
    await syncFolder(historyFolder(dataFolder));
  } catch (error) {
    await file.close().catch(() => {});
    await rm(`${path}.new`, { force: true });
    throw error;
  }
}

/** All records, some at a time. Between two of them the database may change: each goes on behind the last one's key. */
function* slices(database: SqliteDatabase): Generator<readonly StoreRecord[]> {
  yield* manifests(database);
  yield* holders(database);
  yield* tags(database);
  yield* settings(database);
  for (const table of KEPT_TABLES) yield* rowsOf(database, table);
}

function* manifests(database: SqliteDatabase): Generator<readonly StoreRecord[]> {
  type Row = { rowid: number; digest: string; media_type: string; bytes: Uint8Array };
  const sql = "SELECT rowid, digest, media_type, bytes FROM manifest WHERE rowid > ? ORDER BY rowid LIMIT ?";
  for (let after = -1; ; ) {
    const rows = database.query<Row, [number, number]>(sql).all(after, MANIFESTS);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => manifestRecord(row.digest, row.media_type, row.bytes));
    after = last.rowid;
  }
}

function* holders(database: SqliteDatabase): Generator<readonly StoreRecord[]> {
  type Row = {
    repository: string;
    manifest: string;
    subject: string | null;
    added_at: number;
    orphaned_at: number | null;
    pushed: 0 | 1;
    pulled_at: number;
  };
  const sql = `SELECT repository, manifest, subject, added_at, orphaned_at, pushed, pulled_at FROM repository_manifest
    WHERE (repository, manifest) > (?, ?) ORDER BY repository, manifest LIMIT ?`;
  for (let after: readonly [string, string] = ["", ""]; ; ) {
    const rows = database.query<Row, [string, string, number]>(sql).all(...after, ROWS);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ added_at, orphaned_at, pulled_at, ...row }) => ({
      kind: "held",
      ...row,
      addedAtMs: added_at,
      orphanedAtMs: orphaned_at,
      pulledAtMs: pulled_at,
    }));
    after = [last.repository, last.manifest];
  }
}

function* tags(database: SqliteDatabase): Generator<readonly StoreRecord[]> {
  type Row = {
    repository: string;
    name: string;
    pushed: 0 | 1;
    manifest: string;
    updated_at: number;
    checked_at: number;
  };
  const sql = `SELECT repository, name, pushed, manifest, updated_at, checked_at FROM tag
    WHERE (repository, name, pushed) > (?, ?, ?) ORDER BY repository, name, pushed LIMIT ?`;
  for (let after: readonly [string, string, number] = ["", "", -1]; ; ) {
    const rows = database.query<Row, [string, string, number, number]>(sql).all(...after, ROWS);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ updated_at, checked_at, ...row }) => ({
      kind: "tag",
      ...row,
      updatedAtMs: updated_at,
      checkedAtMs: checked_at,
    }));
    after = [last.repository, last.name, last.pushed];
  }
}

function* settings(database: SqliteDatabase): Generator<readonly StoreRecord[]> {
  type Row = { key: string; value: string };
  const sql = "SELECT key, value FROM setting WHERE key > ? ORDER BY key LIMIT ?";
  for (let after = ""; ; ) {
    const rows = database.query<Row, [string, number]>(sql).all(after, ROWS);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => ({ kind: "setting", ...row }));
    after = last.key;
  }
}

function* rowsOf(database: SqliteDatabase, table: KeptTable): Generator<readonly StoreRecord[]> {
  const { name, key, condition } = table;
  const [keys, places] = [key.join(", "), key.map(() => "?").join(", ")];
  const wanted = condition === null ? "" : `AND ${condition.replaceAll("row.", "")}`;
  const rowsAfter = (after: readonly Cell[] | null) => {
    const behind = after === null ? "true" : `(${keys}) > (${places})`;
    const sql = `SELECT ${columnsOf(table).join(", ")} FROM ${name} WHERE ${behind} ${wanted} ORDER BY ${keys} LIMIT ${ROWS}`;
    return database.query<Record<string, Cell>, Cell[]>(sql).all(...(after ?? []));
  };
  for (let rows = rowsAfter(null); ; ) {
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => ({ kind: "row", table: name, row }));
    rows = rowsAfter(key.map((column) => last[column] ?? null));
  }
}
