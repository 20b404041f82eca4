import { join } from "node:path";
import { Turns } from "../lib/turns.ts";
import { examineStore } from "../storage/examine-store.ts";
import type { FolderGuard } from "../storage/folder-guard.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import { sqliteMetadata } from "../storage/metadata-sqlite.ts";
import { type SpareSpace, SqliteDatabase } from "../storage/sqlite-database.ts";
import { storageError } from "../storage/storage-error.ts";
import { isSqliteDamage, StoreDamaged } from "../storage/store-damage.ts";
import { StoreLock } from "../storage/store-lock.ts";
import { readStoreMark, type StoreMark, writeStoreMark } from "../storage/store-mark.ts";
import { ChangeJournal } from "./change-journal.ts";
import { type DiskSpace, Snapshots } from "./snapshots.ts";

/** An opened store. */
export type Store = { readonly metadata: MetadataStore; readonly snapshots: Snapshots };

/** What a store is opened with. */
export type StoreOptions = {
  /** On a full disk, this is for what frees space. */
  readonly spare: SpareSpace & DiskSpace;
  /** Watches the database from now on. */
  readonly guard: FolderGuard | null;
  readonly now: () => number;
  /** Where long work takes its turns. */
  readonly turns?: Turns;
};

/**
 * Opens the metadata of a data folder for this process alone, or makes it where nothing is. Throws StoreInUse,
 * StoreDamaged, STORAGE_FULL.
 */
export async function openStore(
  dataFolder: string,
  { spare, guard, now, turns = new Turns() }: StoreOptions,
): Promise<Store> {
  const lock = new StoreLock(dataFolder);
  try {
    const mark = readStoreMark(dataFolder);
    await examineStore(dataFolder, mark);
    const database = openDatabase(dataFolder, spare, guard);
    guard?.watch("larder.db");
    guard?.watch("larder.db-wal");
    // After the database has it for good: what is behind the mark has lost something.
    const beginning = database.begin();
    if (beginning !== null) tryWriteMark(dataFolder, { ...beginning, isOpen: true, damage: null });
    const journal = new ChangeJournal(dataFolder, database, now);
    database.watch(journal);
    const isDoubtful = mark === null || mark.isOpen;
    const snapshots = new Snapshots(dataFolder, database, journal, { space: spare, isDoubtful, now });
    const close = async () => {
      // The mark of another store is not to be replaced.
      const isInPlace = guard === null || guard.problem === null;
      journal.close();
      const end = database.close();
      if (end !== null && isInPlace) tryWriteMark(dataFolder, { ...end, isOpen: false, damage: null });
      lock.release();
    };
    return { metadata: { ...sqliteMetadata(database, turns), close }, snapshots };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openDatabase(dataFolder: string, spare: SpareSpace, guard: FolderGuard | null): SqliteDatabase {
  try {
    return new SqliteDatabase(join(dataFolder, "larder.db"), spare, guard);
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
