import { Database } from "bun:sqlite";
import { join } from "node:path";
import { codeOf } from "../../lib/files/system-error.ts";

/** How long another process may hold it: a larder that is just ending. */
const WAIT_MS = 2000;

/** The error for a store that another process has open. */
export class StoreInUse extends Error {
  override readonly name = "StoreInUse";
}

/**
 * Keeps everybody else out of a data folder until it is released or the process ends, however it ends. It is SQLite's
 * lock on a file of its own, `DIR/lock.db`: the database may be damaged, or gone, and still nobody else may touch it.
 */
export class StoreLock {
  readonly #database: Database;

  /** Throws StoreInUse. */
  constructor(dataFolder: string) {
    const path = join(dataFolder, "lock.db");
    this.#database = new Database(path, { create: true });
    try {
      this.#database.run(`PRAGMA busy_timeout = ${WAIT_MS}`);
      // Nothing is ever written to it: no journal is needed beside it.
      this.#database.run("PRAGMA journal_mode = MEMORY");
      this.#database.run("BEGIN EXCLUSIVE");
    } catch (error) {
      this.#database.close();
      throw isBusy(error) ? new StoreInUse(`${path} is in use by another process`, { cause: error }) : error;
    }
  }

  release(): void {
    this.#database.close();
  }
}

/** Did SQLite give up waiting for another process? */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_BUSY");
}
