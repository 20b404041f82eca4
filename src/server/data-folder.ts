import { chmod } from "node:fs/promises";
import { makeFolder } from "../lib/files/make-folder.ts";
import { Turns } from "../lib/async/turns.ts";
import { DiskReserve } from "../storage/filesystem/disk-reserve.ts";
import { FolderGuard } from "../storage/filesystem/folder-guard.ts";
import { openStore, type Store } from "../recovery/open-store.ts";
import { isStorageFull } from "../storage/storage-error.ts";
import { readStoreMark } from "../recovery/store-mark.ts";
import { NewerDatabase } from "../storage/sqlite/migrate.ts";
import { VERSION } from "../telemetry/version.ts";
import { StoreInUse } from "../storage/sqlite/store-lock.ts";
import type { Log } from "../telemetry/log.ts";
import { codeOf } from "../lib/files/system-error.ts";
import { whyNotWritable } from "./why-not-writable.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** An error for a data folder that cannot be used. The message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

/** An opened data folder. */
export type DataFolder = Store & { readonly reserve: DiskReserve; readonly guard: FolderGuard };

/**
 * Makes the data folder when it is not there, for its owner alone, and opens its database, which keeps a second larder
 * out for as long as this process lives. Throws DataFolderError.
 */
export async function openDataFolder(
  folder: string,
  log: Log,
  now: () => number,
  turns = new Turns(),
): Promise<DataFolder> {
  let guard: FolderGuard | null = null;
  try {
    if (await makeFolder(folder)) await chmod(folder, 0o700);
    guard = new FolderGuard(folder, (problem) => tellOfMove(problem, folder, log));
    const reserve = new DiskReserve(folder);
    const store = await openStore(folder, {
      version: VERSION,
      reserve,
      guard,
      now,
      turns,
      tell: (what) => log.write("warning", what),
    });
    return { ...store, reserve, guard };
  } catch (cause) {
    guard?.close();
    if (cause instanceof NewerDatabase) throw new DataFolderError(tellOfNewer(folder), { cause });
    const what = `cannot keep data in ${folder}: ${explain(cause, folder)}; choose another folder with --data`;
    throw new DataFolderError(what, { cause });
  }
}

function tellOfNewer(folder: string): string {
  const version = readStoreMark(folder)?.version;
  const writer = version === undefined ? "a newer larder" : `larder ${version}`;
  return (
    `the data in ${folder} was last written by ${writer}, and this is ${VERSION}, which cannot read it and has changed nothing: ` +
    "start that version or a newer one; or, to stay with this one, make another data folder of a backup from before the upgrade " +
    "(larder restore BACKUP --data FOLDER)"
  );
}

function tellOfMove(problem: string | null, folder: string, log: Log): void {
  if (problem === null) log.write("info", "the data folder is as it was, and larder writes again", { folder });
  else log.write("error", problem);
}

function explain(error: unknown, folder: string): string {
  if (error instanceof StoreInUse) return "another larder has it, or a program that reads its database; stop it";
  if (isStorageFull(error)) return "its disk is full; free some space there";
  const code = codeOf(error);
  // SQLite says more closely what it may not do: `SQLITE_READONLY_DIRECTORY` and others.
  if (/^SQLITE_(?:CANTOPEN|READONLY)/.test(code)) return whyNotWritable(folder);
  switch (code) {
    case "EACCES":
    case "EPERM":
      return whyNotWritable(folder);
    case "EROFS":
      return "the file system is read-only, or systemd lets its service not write there (ReadWritePaths= in a drop-in, which larder install writes)";
    case "ENOTDIR":
    case "EEXIST":
      return "it is a file, not a folder";
    default:
      return describeFailure(error);
  }
}
