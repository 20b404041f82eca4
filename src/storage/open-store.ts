import { join } from "node:path";
import { examineStore } from "./examine-store.ts";
import type { FolderGuard } from "./folder-guard.ts";
import type { MetadataStore } from "./metadata.ts";
import { sqliteMetadata } from "./metadata-sqlite.ts";
import { type SpareSpace, SqliteDatabase } from "./sqlite-database.ts";
import { storageError } from "./storage-error.ts";
import { isSqliteDamage, StoreDamaged } from "./store-damage.ts";
import { StoreLock } from "./store-lock.ts";
import { readStoreMark, type StoreMark, writeStoreMark } from "./store-mark.ts";

/**
 * Opens the metadata of a data folder for this process alone, or makes it where nothing is. Throws StoreInUse,
 * StoreDamaged, STORAGE_FULL. On a full disk, `spare` is for what frees space; `guard` watches the database from now on.
 */
export async function openStore(
  dataFolder: string,
  spare: SpareSpace,
  guard: FolderGuard | null = null,
): Promise<MetadataStore> {
  const lock = new StoreLock(dataFolder);
  try {
    await examineStore(dataFolder, readStoreMark(dataFolder));
    const database = openDatabase(dataFolder, spare, guard);
    guard?.watch("larder.db");
    guard?.watch("larder.db-wal");
    // After the database has it for good: what is behind the mark has lost something.
    const beginning = database.begin();
    if (beginning !== null) tryWriteMark(dataFolder, { ...beginning, isOpen: true, damage: null });
    return {
      ...sqliteMetadata(database),
      close: async () => {
        // The mark of another store is not to be replaced.
        const isInPlace = guard === null || guard.problem === null;
        const end = database.close();
        if (end !== null && isInPlace) tryWriteMark(dataFolder, { ...end, isOpen: false, damage: null });
        lock.release();
      },
    };
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
