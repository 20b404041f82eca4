import type { SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import { StoreDamaged } from "../storage/store-damage.ts";
import { examineStore } from "./examine-store.ts";
import { countLostChanges } from "./lost-changes.ts";
import { findHistory } from "./read-history.ts";
import type { StoreMark } from "./store-mark.ts";

/** The damage when nothing but the log of a larder that was killed is gone; null when it is there. Throws for all other damage. */
export async function findLogLost(dataFolder: string, mark: StoreMark | null): Promise<StoreDamaged | null> {
  try {
    await examineStore(dataFolder, mark);
    return null;
  } catch (error) {
    if (error instanceof StoreDamaged && error.kind === "log lost") return error;
    throw error;
  }
}

/**
 * Another program that opens the database of a killed larder (an older larder, `sqlite3`) writes the log into it and takes it
 * away: nothing is lost then, and the history knows. Throws the damage where it does not. What is in no history, such as
 * a blob that no manifest names yet, is to be pushed again if it was in the log alone, as after a rebuild.
 */
export async function proveWhole(
  dataFolder: string,
  database: SqliteDatabase,
  damage: StoreDamaged,
  tell: ((what: string) => void) | undefined,
): Promise<void> {
  const { isWhole } = await findHistory(dataFolder);
  if (isWhole && (await countLostChanges(dataFolder, database)) === 0) {
    tell?.(`${damage.message}; the database has all that snapshots/ tells of, and is gone on with`);
    return;
  }
  database.abandon();
  throw damage;
}
