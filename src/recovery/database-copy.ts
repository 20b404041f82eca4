import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { examineStore } from "./examine-store.ts";
import { quickCheck } from "../storage/sqlite/quick-check.ts";
import { isSqliteDamage, StoreDamaged } from "../storage/store-damage.ts";
import type { StoreMark } from "./store-mark.ts";

/**
 * Lets `use` read a copy of a store's database, so that the database stays as it is, its log included. A log that may not
 * be its own is left out. Null when there is no database, or it is another store's.
 */
export async function withDatabaseCopy<T>(
  dataFolder: string,
  mark: StoreMark | null,
  use: (path: string) => T,
): Promise<T | null> {
  const path = join(dataFolder, "larder.db");
  const damage = await damageOf(dataFolder, mark);
  if (!existsSync(path) || damage?.kind === "foreign") return null;
  const folder = join(dataFolder, "salvage");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  try {
    for (const end of damage?.kind === "older" ? [""] : ["", "-wal"]) {
      if (existsSync(`${path}${end}`)) copyFileSync(`${path}${end}`, join(folder, `larder.db${end}`));
    }
    return use(join(folder, "larder.db"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Reads all of a data folder's database and says what is wrong with it; null: nothing is. Damage that was noted in its
 * mark does not count: it may have been repaired.
 */
export async function seekDamage(dataFolder: string, mark: StoreMark | null): Promise<string | null> {
  const damage = await damageOf(dataFolder, mark);
  if (damage !== null) return damage.message;
  return withDatabaseCopy(dataFolder, mark, readWhole);
}

async function damageOf(dataFolder: string, mark: StoreMark | null): Promise<StoreDamaged | null> {
  try {
    await examineStore(dataFolder, mark);
    return null;
  } catch (error) {
    if (error instanceof StoreDamaged) return error;
    throw error;
  }
}

/** Reads the whole database at `path`. What is wrong with it; null: nothing is. */
function readWhole(path: string): string | null {
  let database: Database | null = null;
  try {
    database = new Database(path);
    const damage = quickCheck(database);
    return damage === null ? null : `larder.db is damaged (${damage})`;
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
    return "larder.db is damaged and cannot be read";
  } finally {
    database?.close();
  }
}
