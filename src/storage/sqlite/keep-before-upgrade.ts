import type { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import { isStorageFull, storageError } from "../storage-error.ts";

/** Where a database's copy from before its last upgrade is. */
export function pathBeforeUpgrade(path: string): string {
  return `${path}.before-upgrade`;
}

/**
 * Keeps the open database at `path` as it is, its log included, in one file that the larder which wrote it can read. The
 * copy of the upgrade before makes way. Returns false, and keeps nothing, where there is no room; throws for damage.
 */
export function keepBeforeUpgrade(database: Database, path: string): boolean {
  const kept = pathBeforeUpgrade(path);
  const unfinished = `${kept}.new`;
  for (const each of [kept, unfinished]) rmSync(each, { force: true });
  try {
    passFaultPoint("upgrade.keep");
    // For its owner only, and SQLite takes an empty file.
    closeSync(openSync(unfinished, "wx", 0o600));
    database.run("VACUUM INTO ?", [unfinished]);
    sync(unfinished);
    passFaultPoint("upgrade.rename");
    renameSync(unfinished, kept);
    sync(dirname(kept));
    return true;
  } catch (error) {
    for (const each of [kept, unfinished]) rmSync(each, { force: true });
    if (isStorageFull(storageError(error))) return false;
    throw error;
  }
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
