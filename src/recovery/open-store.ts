import { existsSync } from "node:fs";
import { join } from "node:path";
import { Turns, type Work } from "../lib/async/turns.ts";
import { findLogLost, proveWhole } from "./lost-log.ts";
import type { WriteGuard } from "../storage/write-guard.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import { sqliteMetadata } from "../storage/sqlite/metadata-sqlite.ts";
import { pathBeforeUpgrade } from "../storage/sqlite/keep-before-upgrade.ts";
import { type SpaceReserve, SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import { storageError } from "../storage/storage-error.ts";
import { isSqliteDamage, StoreDamaged } from "../storage/store-damage.ts";
import { StoreLock } from "../storage/sqlite/store-lock.ts";
import { readStoreMark, type StoreMark, writeStoreMark } from "./store-mark.ts";
import { seekDamage } from "./database-copy.ts";
import { countLostChanges } from "./lost-changes.ts";
import { buildInterim, finishRebuild, rebuildStore, removeDatabase } from "./rebuild.ts";
import { ChangeJournal } from "./change-journal.ts";
import { checkDatabase } from "./check-database.ts";
import { type DiskSpace, Snapshots } from "./snapshots.ts";

/** A database up to this size is read whole before anybody is served: some 10 ms. */
const CHECKED_AT_START_BYTES = 16 << 20;

/** An opened store. Without housekeeping, nothing may be written to it. */
export type Store = { readonly metadata: MetadataStore; readonly housekeeping: Housekeeping | null };

/** The maintenance that an opened store needs: snapshots, and a check of its database. */
export type Housekeeping = {
  readonly snapshots: Snapshots;
  /** Reads all of the database, in turns. What is wrong with it is told as when a request meets it, and returned; null: nothing is. */
  readonly check: (work: Work) => Promise<string | null>;
  /** Runs work during which larder.db with its log can be copied; see `SqliteDatabase.withoutCheckpoints`. */
  readonly whileStill: <T>(work: () => Promise<T>) => Promise<T>;
  /** The size of the database in bytes. */
  readonly sizeBytes: () => number;
};

/** Watches what a store is written to; see `FolderGuard`. */
type StoreGuard = WriteGuard & {
  readonly problem: string | null;
  watch(name: string): void;
  giveUp(damage: string): void;
};

/** Options of a store. */
export type StoreOptions = {
  /** On a full disk, this is for what frees space. */
  readonly reserve: SpaceReserve & DiskSpace;
  readonly guard: StoreGuard | null;
  readonly now: () => number;
  /** Where long work takes its turns. */
  readonly turns?: Turns;
  /** This larder's, for the mark. */
  readonly version?: string;
  /** Is told what was put right by itself. */
  readonly tell?: (what: string) => void;
};

/** What people are told who want to write to a damaged store. */
function adviceFor(damage: string): string {
  return (
    `the database is damaged or lost (${damage}): nothing is written, what can be read is served, and what upstream has is handed through. ` +
    "Stop larder and run `larder rebuild`, which makes the database anew and deletes nothing"
  );
}

/**
 * Opens the metadata of a data folder for this process alone, or makes it where nothing is. Where the database is damaged,
 * or not the one that belongs here, `guard` is told, and what can be known without it is there to be read. Throws
 * StoreInUse, STORAGE_FULL; StoreDamaged when there is no guard.
 */
export async function openStore(dataFolder: string, options: StoreOptions): Promise<Store> {
  const lock = new StoreLock(dataFolder);
  try {
    await finishRebuild(dataFolder, options.now());
    return await openWhole(dataFolder, options, lock);
  } catch (error) {
    const { guard } = options;
    if (guard !== null && error instanceof StoreDamaged) {
      guard.giveUp(adviceFor(error.message));
      return await openWhatIsLeft(dataFolder, options, lock);
    }
    lock.release();
    throw error;
  }
}

async function openWhole(dataFolder: string, options: StoreOptions, lock: StoreLock): Promise<Store> {
  const { reserve, guard, now, turns = new Turns() } = options;
  const written = options.version === undefined ? {} : { version: options.version };
  removeDatabase(interimPath(dataFolder));
  const mark = readStoreMark(dataFolder);
  // What was seen while larder ran may have been put right since: then all of it is read.
  const damage = mark?.damage == null ? null : await seekDamage(dataFolder, mark);
  if (damage !== null) throw new StoreDamaged("unreadable", damage);
  const logLost = await findLogLost(dataFolder, mark);
  let database = openSound(dataFolder, reserve, guard);
  if (logLost !== null) await proveWhole(dataFolder, database, logLost, options.tell);
  // After a clean stop all was in the database; a migration is in no file of changes.
  const lost = mark?.isOpen === true && !database.wasMigrated ? await countLostChanges(dataFolder, database) : 0;
  if (lost > 0) {
    database.abandon();
    await bringBack(dataFolder, lost, options);
    database = openSound(dataFolder, reserve, guard);
  }
  if (mark !== null && database.wasMigrated) {
    const before = mark.version === undefined ? "an older larder" : `larder ${mark.version}`;
    const kept = pathBeforeUpgrade(join(dataFolder, "larder.db"));
    const copy = existsSync(kept) ? `as it was it is kept as ${kept}` : "there was no room for a copy of it as it was";
    const way = "the way back is `larder restore` with a backup that was made before";
    options.tell?.(`the database, of ${before}, was brought up to date; what wrote it refuses it now: ${way}; ${copy}`);
  }
  guard?.watch("larder.db");
  guard?.watch("larder.db-wal");
  // After the database has it for good: what is behind the mark has lost something.
  const beginning = database.begin();
  if (beginning !== null) tryWriteMark(dataFolder, { ...beginning, isOpen: true, damage: null, ...written });
  const noteDamage = (seen: string): void => {
    guard?.giveUp(adviceFor(seen));
    const known = readStoreMark(dataFolder);
    if (known !== null && known.damage === null) tryWriteMark(dataFolder, { ...known, damage: seen });
  };
  database.onDamage(() => noteDamage("larder.db has pages that cannot be read"));
  const check = async (work: Work): Promise<string | null> => {
    const wrong = await checkDatabase(database, work);
    if (wrong !== null) noteDamage(wrong);
    return wrong;
  };
  const journal = new ChangeJournal(dataFolder, database, now);
  database.watch(journal);
  const isDoubtful = mark === null || mark.isOpen || database.wasMigrated;
  const snapshots = new Snapshots(dataFolder, database, journal, { space: reserve, isDoubtful, now });
  const close = async () => {
    // The mark of another store is not to be replaced, nor that of one whose damage was seen.
    const isInPlace = guard === null || guard.problem === null;
    journal.close();
    const end = database.close();
    if (end !== null && isInPlace) tryWriteMark(dataFolder, { ...end, isOpen: false, damage: null, ...written });
    lock.release();
  };
  return {
    metadata: { ...sqliteMetadata(database, turns), close },
    housekeeping: {
      snapshots,
      check,
      whileStill: (work) => database.withoutCheckpoints(work),
      sizeBytes: () => database.sizeBytes,
    },
  };
}

/** Without its own database: one that is made for this run, out of what a rebuild would make it of. */
async function openWhatIsLeft(
  dataFolder: string,
  { reserve, guard, now, turns = new Turns() }: StoreOptions,
  lock: StoreLock,
): Promise<Store> {
  const path = interimPath(dataFolder);
  try {
    await buildInterim(dataFolder, path, now());
    const database = new SqliteDatabase(path, reserve, guard);
    const close = async () => {
      database.close();
      removeDatabase(path);
      lock.release();
    };
    return { metadata: { ...sqliteMetadata(database, turns), close }, housekeeping: null };
  } catch (error) {
    lock.release();
    throw storageError(error);
  }
}

/** The database of a run that only reads. One that a killed larder left is of no worth to the next. */
function interimPath(dataFolder: string): string {
  return join(dataFolder, "larder.db.interim");
}

/** The history has all that the database has lost: a new one takes its place, and the old one is kept. */
async function bringBack(dataFolder: string, lost: number, { now, tell }: StoreOptions): Promise<void> {
  try {
    const { keptAs } = await rebuildStore(dataFolder, now(), false);
    tell?.(`${lost} changes were not in the database after a crash, for its log was damaged: they were brought back`);
    tell?.(`the old database is kept as ${keptAs ?? "nothing"}`);
  } catch (cause) {
    const what = `larder.db lacks ${lost} changes that were acknowledged: its log was cut or damaged`;
    throw new StoreDamaged("log lost", what, { cause });
  }
}

/** Opens the database, and reads all of it when it is small. What is damaged stays as it is. */
function openSound(dataFolder: string, reserve: SpaceReserve, guard: StoreGuard | null): SqliteDatabase {
  const database = openDatabase(dataFolder, reserve, guard);
  const damage = database.sizeBytes <= CHECKED_AT_START_BYTES ? database.check() : null;
  if (damage === null) return database;
  database.abandon();
  throw new StoreDamaged("unreadable", `larder.db is damaged (${damage})`);
}

function openDatabase(dataFolder: string, reserve: SpaceReserve, guard: StoreGuard | null): SqliteDatabase {
  try {
    return new SqliteDatabase(join(dataFolder, "larder.db"), reserve, guard);
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
    throw new StoreDamaged("unreadable", "larder.db is damaged and cannot be read", { cause: error });
  }
}

/** On a full disk the mark stays behind the database, which takes nothing for damage that is none. */
function tryWriteMark(dataFolder: string, mark: StoreMark): void {
  try {
    writeStoreMark(dataFolder, mark);
  } catch (error) {
    if (storageError(error) === error) throw error;
  }
}
