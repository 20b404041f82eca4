/**
 * Tables whose rows are written down as they are, whole, since nothing else tells what stands in them: a table that people
 * would miss needs a line here, and no more.
 */
import type { SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";

/** A value of a column. */
export type Cell = string | number | null;

/** A table that is written down. All columns are texts and numbers. */
export type KeptTable = {
  readonly name: string;
  readonly key: readonly string[];
  /** The other columns: a change of one is written down. */
  readonly columns: readonly string[];
  /** Columns whose changes are not worth writing down. They are in snapshots, and in the record of a change of another. */
  readonly quietColumns: readonly string[];
  /** Are rows only added? Those that are deleted later, for their age, may come back. */
  readonly isAppendOnly: boolean;
  /** The rows that are meant, as SQL over the columns, with `row.` before each; null: all. */
  readonly condition: string | null;
};

/** All of them. */
export const KEPT_TABLES: readonly KeptTable[] = [
  {
    name: "account_user",
    key: ["name"],
    columns: ["password_hash", "grants", "created_at"],
    quietColumns: ["last_used_at"],
    isAppendOnly: false,
    condition: null,
  },
  {
    name: "account_token",
    key: ["id"],
    columns: ["name", "secret_hash", "grants", "created_at", "expires_at", "revoked_at"],
    quietColumns: ["last_used_at"],
    isAppendOnly: false,
    condition: null,
  },
  {
    name: "pin",
    key: ["text"],
    columns: ["added_at", "who"],
    quietColumns: [],
    isAppendOnly: false,
    condition: null,
  },
  {
    name: "recording",
    key: ["id"],
    columns: ["name", "started_at", "stopped_at", "who", "networks", "full_at"],
    quietColumns: [],
    isAppendOnly: false,
    condition: null,
  },
  {
    name: "recorded_pull",
    key: ["recording", "repository", "tag", "digest"],
    columns: ["kind", "platform", "size", "at", "who", "source", "hidden"],
    quietColumns: [],
    isAppendOnly: false,
    condition: null,
  },
  {
    name: "recorded_part",
    key: ["recording", "repository", "digest", "part"],
    columns: ["platform"],
    quietColumns: [],
    isAppendOnly: false,
    condition: null,
  },
  {
    // What was acknowledged is told to whom it was to be told. How often it was tried is of no worth.
    name: "delivery",
    key: ["id"],
    columns: ["endpoint", "record", "at", "given_up_at", "failure"],
    quietColumns: ["attempts"],
    isAppendOnly: false,
    condition: null,
  },
  {
    // While a registry cannot be asked, only those go on who were seen before.
    name: "upstream_proof",
    key: ["hash"],
    columns: ["seen_at"],
    quietColumns: [],
    isAppendOnly: true,
    condition: null,
  },
  {
    // Who has pulled. What they pulled since the last snapshot is of no great worth.
    name: "node",
    key: ["address"],
    columns: ["first_pull"],
    quietColumns: [
      "runtime",
      "runtime_version",
      "last_pull",
      "pulls",
      "hits",
      "misses",
      "stale",
      "bytes",
      "last_image",
    ],
    isAppendOnly: true,
    condition: null,
  },
  {
    // Triggers note its rows when tags are put back; since when nothing but this tells.
    name: "left_behind",
    key: ["repository", "manifest"],
    columns: ["since"],
    quietColumns: ["look_at"],
    isAppendOnly: false,
    condition: null,
  },
  {
    name: "audit",
    key: ["id"],
    columns: ["at", "action", "subject", "detail", "who", "source", "request_id"],
    quietColumns: [],
    isAppendOnly: true,
    condition: null,
  },
  {
    // Pushes and removals are part of the audit log.
    name: "event",
    key: ["id"],
    columns: ["at", "kind", "repository", "tag", "digest", "media_type", "size", "who", "source", "request_id"],
    quietColumns: [],
    isAppendOnly: true,
    condition: "row.kind IN ('pushed', 'removed')",
  },
];

/** The table of this name; null when it is not one of them, as one of a newer larder. */
export function findKeptTable(name: string): KeptTable | null {
  return KEPT_TABLES.find((table) => table.name === name) ?? null;
}

/** All columns, those of the key first. */
export function columnsOf({ key, columns, quietColumns }: KeptTable): readonly string[] {
  return [...key, ...columns, ...quietColumns];
}

/** The triggers that note changes of the table in `change`, as `change-watch.ts` reads them. */
export function keptTableTriggers(table: KeptTable): string {
  const { name, key, columns, isAppendOnly, condition } = table;
  const noted = (event: string, row: "new" | "old", kind: "row" | "gone", told: readonly string[]) => {
    const members = told.map((column) => `'${column}', ${row}.${column}`).join(", ");
    const when = condition === null ? "" : `WHEN ${condition.replaceAll("row.", `${row}.`)}`;
    return `CREATE TEMP TRIGGER ${name}_${event.slice(0, 6).toLowerCase()} AFTER ${event} ON main.${name} ${when} BEGIN
      INSERT INTO change (kind, a, b) VALUES ('${kind}', '${name}', json_object(${members}));
    END;`;
  };
  const all = columnsOf(table);
  return [
    noted("INSERT", "new", "row", all),
    ...(isAppendOnly ? [] : [noted(`UPDATE OF ${columns.join(", ")}`, "new", "row", all)]),
    ...(isAppendOnly ? [] : [noted("DELETE", "old", "gone", key)]),
  ].join("\n");
}

/** The statement that puts a row of these columns in its place, with a parameter for each; null where its key is missing. */
export function putRowSql(table: KeptTable, columns: readonly string[]): string | null {
  if (!table.key.every((column) => columns.includes(column))) return null;
  const others = columns.filter((column) => !table.key.includes(column));
  const updates = others.map((column) => `${column} = excluded.${column}`).join(", ");
  return `INSERT INTO ${table.name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON CONFLICT (${table.key.join(", ")}) DO ${updates === "" ? "NOTHING" : `UPDATE SET ${updates}`}`;
}

/** The condition that a row has this key, with a parameter for each of its columns. */
export function keySql({ key }: KeptTable): string {
  return key.map((column) => `${column} = ?`).join(" AND ");
}

/** Is the row in the database as it was written down, but for quiet columns; or, with no row, is none there? */
export function isRowInDatabase(
  database: SqliteDatabase,
  table: KeptTable,
  key: readonly Cell[],
  row: Readonly<Record<string, Cell>> | null,
): boolean {
  const sql = `SELECT ${[...table.key, ...table.columns].join(", ")} FROM ${table.name} WHERE ${keySql(table)}`;
  const found = database.query<Record<string, Cell>, Cell[]>(sql).get(...key);
  if (found === null || row === null) return found === row;
  return table.columns.every((column) => !(column in row) || found[column] === row[column]);
}
