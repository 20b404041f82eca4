import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, fsyncSync, openSync, closeSync, statSync, constants } from "node:fs";
import { quickCheck } from "../../storage/sqlite/quick-check.ts";
import { sha256OfFile } from "./sha256-of-file.ts";

/** A copy of a database, which is the whole of it. */
export type DatabaseCopy = {
  readonly store: { readonly id: string; readonly generation: number };
  readonly bytes: number;
  readonly sha256: string;
  readonly blobs: number;
  readonly blobBytes: number;
};

/**
 * Copies a database that is in use, log and all, to the file `to`. To be run in a process of its own: whoever closes the file in the
 * process that has it open loses SQLite's lock on it, and reading all of it takes seconds. Whoever has it open writes to the
 * log alone meanwhile (`SqliteDatabase.withoutCheckpoints`). Throws when the copy is not whole.
 */
export async function copyDatabase(from: string, to: string): Promise<DatabaseCopy> {
  // In this order: the log goes on from what is in the file.
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`, constants.COPYFILE_EXCL);
  const totals = settle(to);
  const file = openSync(to, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return { ...totals, bytes: statSync(to).size, sha256: await sha256OfFile(to) };
}

/** Brings what the log has into the file, and makes it a database that was closed well. */
function settle(path: string): Pick<DatabaseCopy, "store" | "blobs" | "blobBytes"> {
  const database = new Database(path);
  try {
    // What has been uploaded of these is not copied.
    database.run("DELETE FROM upload_session");
    // Who signed out, or was signed out, after the backup, is not signed in again by it; nor is a copy somebody's key to the page.
    database.run("DELETE FROM page_session");
    database.run("UPDATE store SET closed = 1");
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.run("PRAGMA journal_mode = DELETE");
    const damage = quickCheck(database);
    if (damage !== null) throw new Error(`the copy of the database is damaged: ${damage}`);
    const store = database.query<DatabaseCopy["store"], []>("SELECT id, generation FROM store").get();
    if (store === null) throw new Error("the copy of the database has no identity");
    const totals = database.query<{ blobs: number; bytes: number }, []>("SELECT blobs, blob_bytes AS bytes FROM total");
    const { blobs = 0, bytes: blobBytes = 0 } = totals.get() ?? {};
    return { store, blobs, blobBytes };
  } finally {
    database.close();
  }
}
