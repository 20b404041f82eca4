import { constants, Database } from "bun:sqlite";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { keepBeforeUpgrade, pathBeforeUpgrade } from "./keep-before-upgrade.ts";
import { isOfOlder, migrate, NewerDatabase } from "./migrate.ts";
import { isStorageFull, storageError } from "../storage-error.ts";
import { isBusy, StoreInUse } from "./store-lock.ts";

/** How long another process may hold the database: a larder that is just ending. */
const BUSY_TIMEOUT_MS = 2000;

/**
 * So many pages in the log are written to the database within a COMMIT, with a sync, and nobody is answered meanwhile:
 * SQLite's own 1000 take 30 to 80 ms on a slow disk, these 7, and pushes one after the other a few percent longer.
 */
export const CHECKPOINT_PAGES = 100;

/** The runtime keeps 20 prepared statements unless told; the store has twice as many, and preparing one costs ten times its run. */
const PREPARED_STATEMENTS = 200;

/**
 * Opens or makes the database at `path` for this process alone, for its owner only, and brings its schema up to date, which
 * `wasMigrated` tells. Throws StoreInUse, STORAGE_FULL.
 */
export function openSqliteFile(path: string): { readonly database: Database; readonly wasMigrated: boolean } {
  Database.MAX_QUERY_CACHE_SIZE = PREPARED_STATEMENTS;
  // One that was copied here without the right to write would be opened to be read only, and fail later.
  if (existsSync(path)) chmodSync(path, 0o600);
  const database = new Database(path, { create: true, strict: true });
  try {
    chmodSync(path, 0o600);
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = NORMAL");
    database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.run("PRAGMA foreign_keys = ON");
    return { database, wasMigrated: upgrade(database, path) };
  } catch (error) {
    // To close it is to write its log into it and take that away; its own larder, if it was killed, would miss the log.
    if (error instanceof NewerDatabase) database.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
    database.close();
    throw isBusy(error)
      ? new StoreInUse(`${path} is in use by another process`, { cause: error })
      : storageError(error);
  }
}

/** Brings the schema up to date; what an older larder wrote is kept as it was, where there is room for both. */
function upgrade(database: Database, path: string): boolean {
  const isKept = isOfOlder(database, path) && keepBeforeUpgrade(database, path);
  try {
    return migrate(database, path);
  } catch (error) {
    if (!isKept || !isStorageFull(storageError(error))) throw error;
    // Better without the copy than not at all.
    rmSync(pathBeforeUpgrade(path), { force: true });
    return migrate(database, path);
  }
}
