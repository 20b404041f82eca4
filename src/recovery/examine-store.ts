import { constants, Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { join } from "node:path";
import { FilesystemBlobs } from "../storage/filesystem/blobs-filesystem.ts";
import { isSqliteDamage, StoreDamaged } from "../storage/store-damage.ts";
import type { StoreMark } from "./store-mark.ts";

/** `LRDR`, in the header of the database. Those that were made before have 0. */
const APPLICATION_ID = 0x4c524452;
/** A log of no more than its header holds nothing. */
const LOG_HEADER_BYTES = 32;

/** What the file of a database says of itself, without its log. `store` is null before it was given an identity. */
type MainFile = {
  readonly applicationId: number;
  readonly store: { readonly id: string; readonly generation: number; readonly closed: number } | null;
};

/**
 * Is the database the one that belongs to this data folder, and is it all there? To be asked before it is opened: SQLite
 * makes a new one where there is none, drops the log of an empty one, and applies a log to whatever file lies beside it.
 * Throws StoreDamaged.
 *
 * What it tells: a database that is gone or empty; another store's; a copy from before the last start or clean stop; a
 * log that is gone although larder did not stop cleanly. It does not tell a copy of the same run, nor a log that was cut.
 */
export async function examineStore(dataFolder: string, mark: StoreMark | null): Promise<void> {
  const path = join(dataFolder, "larder.db");
  if (sizeOf(path) === 0) {
    // Without files there is nothing to lose: a new store, or one whose first start was cut off.
    if (!(await hasBlobs(dataFolder))) return;
    const size = statSync(path, { throwIfNoEntry: false }) === undefined ? "gone" : "empty";
    throw new StoreDamaged("gone", `larder.db is ${size}, while there are files of images`);
  }
  const found = readMainFile(path);
  // Killed while the log was written to the file, the file makes sense only with the log: who opens both will see.
  if (found === null && sizeOf(`${path}-wal`) > LOG_HEADER_BYTES) return;
  if (found === null) throw new StoreDamaged("unreadable", "larder.db is damaged and cannot be read");
  const { applicationId, store } = found;
  if (applicationId !== 0 && applicationId !== APPLICATION_ID) {
    throw new StoreDamaged("foreign", "larder.db is another program's database");
  }
  if (mark === null) return;
  if (store === null) throw new StoreDamaged("older", "larder.db is a copy from before");
  if (store.id !== mark.id) throw new StoreDamaged("foreign", "larder.db belongs to another store");
  if (store.generation < mark.generation) {
    const behind = `generation ${store.generation}, while ${mark.generation} was here`;
    throw new StoreDamaged("older", `larder.db is an older copy (${behind})`);
  }
  const isAsLeft = store.generation === mark.generation && store.closed === 0;
  if (mark.isOpen && isAsLeft && sizeOf(`${path}-wal`) <= LOG_HEADER_BYTES) {
    throw new StoreDamaged("log lost", "larder.db-wal, with what was written last, is gone");
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function hasBlobs(dataFolder: string): Promise<boolean> {
  for await (const _ of new FilesystemBlobs(dataFolder).list()) return true;
  return false;
}

/** Null when it is damaged. `immutable` leaves the log alone. Nothing of this process has the file open yet, so no lock is lost by closing it. */
function readMainFile(path: string): MainFile | null {
  const address = `file:${encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23")}?immutable=1`;
  let database: Database | null = null;
  try {
    database = new Database(address, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
    const header = database.query<{ application_id: number }, []>("PRAGMA application_id").get();
    const hasStore = database.query("SELECT 1 FROM sqlite_schema WHERE name = 'store'").get() !== null;
    type StoreRow = NonNullable<MainFile["store"]>;
    const store = hasStore ? database.query<StoreRow, []>("SELECT id, generation, closed FROM store").get() : null;
    return { applicationId: header?.application_id ?? 0, store };
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
    return null;
  } finally {
    database?.close();
  }
}
