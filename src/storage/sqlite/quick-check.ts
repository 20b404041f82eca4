import type { Database } from "bun:sqlite";
import { isSqliteDamage } from "../store-damage.ts";

/**
 * What is wrong with a database, in SQLite's words, after all of it was read; null: nothing is. It keeps the thread until
 * it ends: a second for a gigabyte that the system has in memory.
 */
export function quickCheck(database: Database): string | null {
  try {
    const found = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
    return found === undefined || found === "ok" ? null : found;
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
