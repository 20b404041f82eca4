import type { SQLQueryBindings } from "bun:sqlite";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Row = Readonly<Record<string, SQLQueryBindings>>;

/** The primary keys of the tables whose rows others see. */
const KEYS = {
  tag: ["repository", "name", "pushed"],
  repository_manifest: ["repository", "manifest"],
  repository_blob: ["repository", "digest"],
  setting: ["key"],
  account_user: ["name"],
  account_token: ["id"],
  pin: ["text"],
  page_session: ["id"],
  recording: ["id"],
  fetch_job: ["id"],
} as const;

type Table = keyof typeof KEYS;

/**
 * Remembers the row with this primary key as it is, or that there is none, before the transaction that this is called in
 * changes it: should that not become durable, the row is put back, or what came in its place taken away.
 */
export function rememberRow(database: SqliteDatabase, table: Table, key: readonly SQLQueryBindings[]): void {
  const isIt = KEYS[table].map((column) => `${column} = ?`).join(" AND ");
  const row = database.query<Row, SQLQueryBindings[]>(`SELECT * FROM ${table} WHERE ${isIt}`).get(...key);
  database.otherwise(() => {
    if (row === null) database.query<null, SQLQueryBindings[]>(`DELETE FROM ${table} WHERE ${isIt}`).run(...key);
    else putBack(database, table, row);
  });
}

/** As `rememberRow`, for all tags of a manifest that is about to be taken out of a repository. */
export function rememberManifest(database: SqliteDatabase, repository: string, manifest: string): void {
  const tags = database
    .query<Row, [string, string]>("SELECT * FROM tag WHERE repository = ? AND manifest = ?")
    .all(repository, manifest);
  // What was remembered last is put back first: tags need their manifest.
  database.otherwise(() => tags.forEach((row) => putBack(database, "tag", row)));
  rememberRow(database, "repository_manifest", [repository, manifest]);
}

/** In place: to replace a row would take away what hangs on it. */
function putBack(database: SqliteDatabase, table: Table, row: Row): void {
  const columns = Object.keys(row);
  const updates = columns.map((column) => `${column} = excluded.${column}`).join(", ");
  database
    .query<null, SQLQueryBindings[]>(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
       ON CONFLICT DO UPDATE SET ${updates}`,
    )
    .run(...Object.values(row));
}
