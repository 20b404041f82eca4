import { join } from "node:path";
import { Backups } from "../recovery/backup/backups.ts";
import { copyDatabaseInChild } from "../recovery/backup/copy-database-in-child.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";

/** Makes what backups are fetched from; null where the store is damaged. */
export function composeBackups(
  blobs: BlobStore,
  { program, clock, log }: ServerEnvironment,
  { dataFolder, metadata, reserve, housekeeping }: Foundation,
): Backups | null {
  if (housekeeping === null) return null;
  const from = join(dataFolder, "larder.db");
  return new Backups({
    dataFolder,
    blobs,
    transitions: metadata.transitions,
    copyDatabase: (to, signal) => housekeeping.whileStill(() => copyDatabaseInChild(program, { from, to }, signal)),
    freeBytes: () => reserve.freeBytes(),
    databaseBytes: housekeeping.sizeBytes,
    now: clock.now,
    log,
  });
}
