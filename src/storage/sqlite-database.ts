import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { chmodSync, closeSync, fdatasync, openSync } from "node:fs";
import { SharedFlush } from "../lib/shared-flush.ts";
import initial from "./migrations/0001-initial.sql.ts";
import dockerLibrary from "./migrations/0004-docker-library.sql.ts";
import { storageError } from "./storage-error.ts";

/** In order; `user_version` of the database counts those that were applied. Never change one that was released. */
const MIGRATIONS: readonly string[] = [initial, dockerLibrary];

/** How long another process may hold the database: a larder that is just ending. */
const BUSY_TIMEOUT_MS = 2000;

/** Another process has the database. */
export class DatabaseInUse extends Error {
  override readonly name = "DatabaseInUse";
}

/**
 * An SQLite database in WAL mode whose commits are made durable off the event loop.
 *
 * The process has it for itself (`locking_mode = EXCLUSIVE`) until it ends, however it ends: a second larder on the
 * same folder is kept out by the kernel, and no read needs a lock.
 *
 * `synchronous = NORMAL` writes a commit to the log without a sync; `durably` then syncs the log itself, in a thread
 * and once for all that were committed meanwhile. That is what FULL does within each COMMIT, there blocking every other
 * request for as long as the disk takes. (sqlite.org, "Write-Ahead Logging"; a checkpoint still syncs by itself.)
 */
export class SqliteDatabase {
  readonly #database: Database;
  readonly #log: number;
  readonly #flush: SharedFlush;
  #transactions = 0;

  /** Opens or makes the database at `path`, and brings its schema up to date. Throws DatabaseInUse. */
  constructor(path: string) {
    this.#database = new Database(path, { create: true, strict: true });
    chmodSync(path, 0o600);
    try {
      this.#database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      this.#database.run("PRAGMA locking_mode = EXCLUSIVE");
      this.#database.run("PRAGMA journal_mode = WAL");
      this.#database.run("PRAGMA synchronous = NORMAL");
      this.#database.run("PRAGMA foreign_keys = ON");
      this.#migrate(path);
    } catch (error) {
      this.#database.close();
      const isBusy = error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
      throw isBusy ? new DatabaseInUse(`${path} is in use by another process`, { cause: error }) : error;
    }
    this.#log = openSync(`${path}-wal`, "r");
    this.#flush = new SharedFlush(() => syncData(this.#log));
  }

  /** A statement, prepared once. */
  query<Row, Parameters extends SQLQueryBindings[]>(sql: string): Statement<Row, Parameters> {
    return this.#database.query<Row, Parameters>(sql) as Statement<Row, Parameters>;
  }

  /** How many transactions there were: while it stays, nothing has changed. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Runs `work` as one transaction, which takes the write lock at once, and hands back its result uncommitted to disk. */
  transact<T>(work: () => T): T {
    this.#transactions++;
    try {
      return this.#database.transaction(work).immediate();
    } catch (error) {
      throw storageError(error);
    }
  }

  /** Runs `work` as one transaction and waits until it would survive a power cut. */
  async durably<T>(work: () => T): Promise<T> {
    const result = this.transact(work);
    try {
      await this.#flush.flush();
    } catch (error) {
      throw storageError(error);
    }
    return result;
  }

  close(): void {
    closeSync(this.#log);
    this.#database.close();
  }

  #migrate(path: string): void {
    const version = this.#database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
    if (version > MIGRATIONS.length) {
      throw new Error(`${path} was written by a newer larder (schema ${version}); this one knows ${MIGRATIONS.length}`);
    }
    this.transact(() => {
      for (const migration of MIGRATIONS.slice(version)) this.#database.run(migration);
      this.#database.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }
}

function syncData(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
