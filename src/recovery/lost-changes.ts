import type { SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import { findHistory, readRecords } from "./read-history.ts";
import { findKeptTable, isRowInDatabase, type KeptTable } from "./kept-tables.ts";
import type { StoreRecord } from "./store-record.ts";

/** The last record of what it is about, and its place among all. */
type Last = { readonly record: StoreRecord; readonly place: number; readonly isRepeated: boolean };

/**
 * How many of the changes that were written down since the last snapshot are not in the database: its log was cut or
 * damaged, and what came behind that place is gone without a word of SQLite's. 0 where the history does not tell all.
 *
 * What is lost is always the end. A tag that is there as it was written down proves that all before it was there, too: what
 * differs before that place is newer in the database, for larder was killed between the two.
 */
export async function countLostChanges(dataFolder: string, database: SqliteDatabase): Promise<number> {
  const history = await findHistory(dataFolder);
  if (!history.isWhole) return 0;
  const last = new Map<string, Last>();
  let place = 0;
  for (const { path, kind } of history.files) {
    if (kind !== "changes") continue;
    for await (const record of readRecords(path)) {
      const key = record === null ? null : keyOf(record);
      if (record === null || key === null) continue;
      last.set(key, { record, place: place++, isRepeated: isSame(last.get(key)?.record, record) });
    }
  }
  let proven = -1;
  const differing: number[] = [];
  for (const { record, place: at, isRepeated } of last.values()) {
    if (!isInDatabase(database, record)) differing.push(at);
    else if (record.kind === "tag" && !isRepeated && isTimeInDatabase(database, record)) proven = Math.max(proven, at);
  }
  return differing.filter((at) => at > proven).length;
}

function isSame(before: StoreRecord | undefined, record: StoreRecord): boolean {
  return before?.kind === "tag" && record.kind === "tag" && before.updatedAtMs === record.updatedAtMs;
}

function isTimeInDatabase(
  database: SqliteDatabase,
  { repository, name, pushed, updatedAtMs }: Extract<StoreRecord, { kind: "tag" }>,
): boolean {
  const sql = "SELECT updated_at FROM tag WHERE repository = ? AND name = ? AND pushed = ?";
  const found = database.query<{ updated_at: number }, [string, string, number]>(sql).get(repository, name, pushed);
  return found?.updated_at === updatedAtMs;
}

/** What the record is about; null where nothing is to be looked up. */
function keyOf(record: StoreRecord): string | null {
  switch (record.kind) {
    case "tag":
    case "untagged":
      return `${record.repository}:${record.name} ${record.pushed}`;
    case "held":
    case "dropped":
      return `${record.repository}@${record.manifest}`;
    case "setting":
      return `setting ${record.key}`;
    case "row":
    case "gone": {
      const table = lookedUpTable(record);
      return table === null ? null : `${record.table} ${JSON.stringify(keyCells(table, record))}`;
    }
    case "manifest":
    case "begin":
    case "end":
      return null;
  }
  return record satisfies never;
}

function isInDatabase(database: SqliteDatabase, record: StoreRecord): boolean {
  switch (record.kind) {
    case "tag":
    case "untagged": {
      const found = database
        .query<{ manifest: string }, [string, string, number]>(
          "SELECT manifest FROM tag WHERE repository = ? AND name = ? AND pushed = ?",
        )
        .get(record.repository, record.name, record.pushed);
      return (found?.manifest ?? null) === (record.kind === "tag" ? record.manifest : null);
    }
    case "held":
    case "dropped": {
      const found = database
        .query<unknown, [string, string]>("SELECT 1 FROM repository_manifest WHERE repository = ? AND manifest = ?")
        .get(record.repository, record.manifest);
      return (found !== null) === (record.kind === "held");
    }
    case "setting": {
      const sql = "SELECT value FROM setting WHERE key = ?";
      const found = database.query<{ value: string }, [string]>(sql).get(record.key);
      return (found?.value ?? null) === record.value;
    }
    case "row":
    case "gone": {
      const table = lookedUpTable(record);
      const row = record.kind === "row" ? record.row : null;
      return table === null || isRowInDatabase(database, table, keyCells(table, record), row);
    }
    case "manifest":
    case "begin":
    case "end":
      return true;
  }
  return record satisfies never;
}

type RowRecord = Extract<StoreRecord, { kind: "row" | "gone" }>;

/** Null where it is no loss that a row is not there: it may have gone for its age, or nobody knows what it was. */
function lookedUpTable({ table: name }: RowRecord): KeptTable | null {
  const table = findKeptTable(name);
  return table?.isAppendOnly === true ? null : table;
}

function keyCells({ key }: KeptTable, record: RowRecord) {
  const cells = record.kind === "row" ? record.row : record.key;
  return key.map((column) => cells[column] ?? null);
}
