import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";
import { closeSync, fdatasync, openSync } from "node:fs";
import { SharedFlush } from "../../lib/async/shared-flush.ts";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import type { WriteGuard } from "../write-guard.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { CheckedStatement } from "./checked-statement.ts";
import { CHECKPOINT_PAGES, openSqliteFile } from "./open-sqlite-file.ts";
import { quickCheck } from "./quick-check.ts";
import { isStorageFull, storageError, storageFull, writeError } from "../storage-error.ts";
import { inSpan } from "../../telemetry/traces/current-span.ts";
import { isSqliteDamage } from "../store-damage.ts";

const DATABASE = { "db.system.name": "sqlite" };

/** The identity of a database, and how often it was opened and closed. */
export type StoreIdentity = { readonly id: string; readonly generation: number };

/** Is told what each transaction changes, and stores it beside the database. It never fails the transaction. */
export interface ChangeSink {
  /** At the end of a transaction, within it: what writes down its changes once it is committed; null when there are none. */
  take(): (() => void) | null;
  /** Makes durable what was written down. Runs beside the sync of the database's own log. Never rejects. */
  sync(): Promise<void>;
}

/** Space that is released when the disk is full, so that a deletion can still be written; see `DiskReserve`. */
export type SpaceReserve = {
  /** Was it given away, and has not been put back? Until then nothing may take space that gives none back. */
  readonly isSpent: boolean;
  /** Gives it away. False: there is none. */
  spend(): boolean;
  /** Puts it back, if there is room for it by now. Never throws. */
  restore(): Promise<void>;
};

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
  readonly #reserve: SpaceReserve | null;
  readonly #guard: WriteGuard | null;
  readonly #statements = new Map<string, CheckedStatement<unknown, SQLQueryBindings[]>>();
  readonly #meetDamage = (cause: unknown): unknown => {
    this.#tellDamage();
    const what = "larder's database is damaged here, and this cannot be read; stop larder and run `larder rebuild`";
    return new RegistryError("UNAVAILABLE", what, { cause });
  };
  #tellDamage: () => void = () => {};
  #changes: ChangeSink | null = null;
  #transactions = 0;
  /** How many want the file to stay as it is. */
  #stillness = 0;
  #afterwards: (() => void)[] = [];
  #otherwise: (() => void)[] = [];
  /** Transactions that somebody waits for, in their order. */
  readonly #unconfirmed = new Set<Unconfirmed>();
  /** Has its schema, and with it maybe its content, been changed by being opened? */
  readonly wasMigrated: boolean;

  /** Opens or makes the database at `path`, and brings its schema up to date. Throws StoreInUse, STORAGE_FULL. */
  constructor(path: string, reserve: SpaceReserve | null = null, guard: WriteGuard | null = null) {
    this.#reserve = reserve;
    this.#guard = guard;
    const opened = withReserve(reserve, () => openSqliteFile(path));
    this.#database = opened.database;
    this.wasMigrated = opened.wasMigrated;
    this.#log = openSync(`${path}-wal`, "r");
    this.#flush = new SharedFlush(() => this.#sync());
  }

  /** A statement, prepared once. Throws UNAVAILABLE where it meets damage. */
  query<Row, Parameters extends SQLQueryBindings[]>(sql: string): CheckedStatement<Row, Parameters> {
    const known = this.#statements.get(sql);
    // A text is always used with the same types.
    if (known !== undefined) return known as unknown as CheckedStatement<Row, Parameters>;
    const prepared = this.#prepare(() => this.#database.query<Row, Parameters>(sql)) as Statement<Row, Parameters>;
    const statement = new CheckedStatement<Row, Parameters>(prepared, this.#meetDamage);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** From now on is told when a statement meets damage. */
  onDamage(tell: () => void): void {
    this.#tellDamage = tell;
  }

  /** From now on tells of all that transactions change. */
  watch(changes: ChangeSink): void {
    this.#changes = changes;
  }

  /**
   * Runs work during which nothing is written to the database's file, but to its log alone, which grows: a copy of the file and
   * then of the log is the whole database, as of some moment in between.
   */
  async withoutCheckpoints<T>(work: () => Promise<T>): Promise<T> {
    this.#stillness++;
    this.script("PRAGMA wal_autocheckpoint = 0");
    try {
      // A log all of which is in the file is begun anew by the next transaction, under the eyes of whoever copies it: it is now.
      await this.#flushed(this.#write(() => this.query<null, []>("UPDATE store SET closed = closed").run()));
      return await work();
    } finally {
      this.#stillness--;
      if (this.#stillness === 0) this.script(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    }
  }

  /** Runs statements that return nothing. */
  script(sql: string): void {
    this.#database.run(sql);
  }

  /** The size of the database in bytes, without its log. */
  get sizeBytes(): number {
    const sql = "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()";
    return this.query<{ bytes: number }, []>(sql).get()?.bytes ?? 0;
  }

  /** Which store this is the database of. */
  get storeId(): string {
    return this.query<{ id: string }, []>("SELECT id FROM store").get()?.id ?? "";
  }

  /** How many transactions there were: while it stays, nothing has changed. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Runs `work` as one transaction, which takes the write lock at once, and hands back its result uncommitted to disk. */
  transact<T>(work: () => T): T {
    const { result, tell } = this.#commit(work);
    tell();
    return result;
  }

  /**
   * To be called within a transaction: `tell` is called once that is committed, and durable where somebody waits for it. It
   * is not when the transaction fails.
   */
  afterwards(tell: () => void): void {
    this.#afterwards.push(tell);
  }

  /**
   * To be called within a transaction that is waited for: `undo` takes back what it does, as the last change before `work`
   * began, in a transaction of its own, should it not become durable. Whoever is told that something failed does not find it
   * done.
   */
  otherwise(undo: () => void): void {
    this.#otherwise.push(undo);
  }

  #refuseWhileSpent(): void {
    if (this.#reserve?.isSpent !== true) return;
    // No waiting here: what the caller has read must still hold in the transaction. The next one finds it put back.
    void this.#reserve.restore();
    throw storageFull();
  }

  #commit<T>(work: () => T): Committed<T> {
    this.#guard?.admit();
    return this.#write(work);
  }

  #write<T>(work: () => T): Committed<T> {
    this.#transactions++;
    this.#afterwards = [];
    this.#otherwise = [];
    let writeDown: (() => void) | null = null;
    try {
      const result = this.#database
        .transaction(() => {
          const done = work();
          writeDown = this.#changes?.take() ?? null;
          passFaultPoint("database.commit");
          return done;
        })
        .immediate();
      (writeDown as (() => void) | null)?.();
      const told = this.#afterwards;
      const tell = told.length === 0 ? nothing : () => told.forEach((one) => one());
      return { result, tell, undos: this.#otherwise };
    } catch (error) {
      throw isSqliteDamage(error) ? this.#meetDamage(error) : storageError(error);
    }
  }

  /**
   * Runs `work` as one transaction, before it returns to its caller, and waits until it would survive a power cut. Throws
   * STORAGE_FULL, WritesRefused.
   */
  durably<T>(work: () => T): Promise<T> {
    return inSpan("write to the database", DATABASE, async () => {
      this.#guard?.admit();
      this.#refuseWhileSpent();
      return this.#flushed(this.#commit(work));
    });
  }

  /** As `durably`, for what a power cut may take: it is not waited for. So it either fails, or is done. */
  lightly<T>(work: () => T): T {
    this.#refuseWhileSpent();
    return this.transact(work);
  }

  /** As `durably`, for work that gives space back: on a full disk it may use what is kept for just that. */
  freeing<T>(work: () => T): Promise<T> {
    return inSpan("write to the database", DATABASE, async () => {
      this.#guard?.admit();
      return this.#flushed(withReserve(this.#reserve, () => this.#commit(work)));
    });
  }

  /** Waits until all that was committed so far would survive a power cut. Throws STORAGE_FULL, WritesRefused. */
  settle(): Promise<void> {
    return this.#flushed({ result: undefined, tell: nothing, undos: [] });
  }

  /**
   * Begins a new generation and writes it to the file itself, not only to its log. Null when that could not be done, for
   * want of space.
   */
  begin(): StoreIdentity | null {
    try {
      const identity = this.#nextGeneration(0);
      const done = this.query<{ log: number; checkpointed: number }, []>("PRAGMA wal_checkpoint(PASSIVE)").get();
      return done === null || done.checkpointed < done.log ? null : identity;
    } catch (error) {
      if (isStorageFull(storageError(error))) return null;
      throw error;
    }
  }

  /** Writes everything to the file and takes the log away. Returns which generation that was. */
  close(): StoreIdentity | null {
    const identity = this.#end();
    closeSync(this.#log);
    this.#statements.clear();
    this.#database.close();
    return identity;
  }

  #prepare<T>(prepare: () => T): T {
    try {
      return prepare();
    } catch (error) {
      throw isSqliteDamage(error) ? this.#meetDamage(error) : error;
    }
  }

  async #sync(): Promise<void> {
    passFaultPoint("database.sync");
    await Promise.all([syncData(this.#log), this.#changes?.sync()]);
  }

  /** Closes it without a new generation: it is damaged, and not one that ended well. */
  abandon(): void {
    closeSync(this.#log);
    this.#database.close();
  }

  /** Reads the whole database. What is wrong with it; null: nothing is. */
  check(): string | null {
    return quickCheck(this.#database);
  }

  #end(): StoreIdentity | null {
    try {
      return this.#nextGeneration(1);
    } catch {
      // On a full or damaged disk there is no better end; what was committed is there.
      return null;
    }
  }

  #nextGeneration(closed: 0 | 1): StoreIdentity | null {
    const next = this.query<StoreIdentity, [number]>(
      "UPDATE store SET generation = generation + 1, closed = ? RETURNING id, generation",
    );
    return withReserve(this.#reserve, () => this.transact(() => next.get(closed)));
  }

  async #flushed<T>({ result, tell, undos }: Committed<T>): Promise<T> {
    const own: Unconfirmed = { undos, failure: null };
    this.#unconfirmed.add(own);
    try {
      await this.#flush.flush();
      // A file that has lost its name is synced, too.
      this.#guard?.confirm();
    } catch (error) {
      this.#takeBack(writeError(error));
    }
    this.#unconfirmed.delete(own);
    // Another's failure counts: what it was built on has been taken back.
    if (own.failure !== null) throw own.failure;
    tell();
    return result;
  }

  /** Takes back all that is not known to be durable, the last of it first. */
  #takeBack(failure: unknown): void {
    const failed = [...this.#unconfirmed].toReversed();
    this.#unconfirmed.clear();
    for (const one of failed) one.failure = failure;
    const undos = failed.flatMap((one) => one.undos.toReversed());
    if (undos.length === 0) return;
    try {
      this.#write(() => undos.forEach(attempt));
    } catch {
      // A disk that takes nothing at all: what is seen is what a restart may find, and nobody was told that it is there.
    }
  }
}

/** A transaction that somebody waits for. `failure` is why it was taken back; null: it was not. */
type Unconfirmed = { readonly undos: readonly (() => void)[]; failure: unknown };

/** What a transaction came to, and what tells those who wait for it. */
type Committed<T> = {
  readonly result: T;
  readonly tell: () => void;
  readonly undos: readonly (() => void)[];
};

function nothing(): void {}

/** What somebody else has built on meanwhile cannot be taken back, which keeps the rest from nothing. */
function attempt(undo: () => void): void {
  try {
    undo();
  } catch {
    // As above.
  }
}

/** Does what may fail for want of space; then once more, with the space that is kept for such work. */
function withReserve<T>(reserve: SpaceReserve | null, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isStorageFull(error) || reserve?.spend() !== true) throw error;
    return work();
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
