import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { importRegistry } from "../adoption/import-registry.ts";
import type { ImportFolder } from "../http/admin/import-folder.ts";
import { Turns } from "../lib/async/turns.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";
import { FilesystemBlobs } from "../storage/filesystem/blobs-filesystem.ts";
import { FilesystemIntake } from "../storage/filesystem/file-intake.ts";
import type { Log } from "../telemetry/log.ts";
import { DataFolderError, openDataFolder } from "./data-folder.ts";

/** Imports into a data folder that no larder runs on, which is made when it is not there. Throws DataFolderError. */
export function importIntoFolder(named: string, log: Log): ImportFolder {
  return async (path, options, tell, signal) => {
    const dataFolder = resolve(named);
    await insistOnOwner(dataFolder);
    const turns = new Turns();
    const { metadata, reserve, guard, housekeeping } = await openDataFolder(dataFolder, log, Date.now, turns);
    try {
      if (housekeeping === null)
        throw new DataFolderError(guard.problem ?? "the database is damaged: `larder rebuild`");
      const own = new Set(["localhost", hostname().toLowerCase()]);
      const parts = {
        metadata,
        blobs: new FilesystemBlobs(dataFolder, guard),
        intake: new FilesystemIntake(dataFolder, reserve, guard),
        immutableBy: () => null,
        isOwn: (namespace: string) => own.has(hostWithoutPort(namespace)),
        turns,
        now: Date.now,
        elapsed: () => performance.now(),
      };
      return await importRegistry(path, parts, options, tell, signal);
    } finally {
      await metadata.close();
      guard.close();
    }
  };
}

/** What root makes, larder's own user could not write to. */
async function insistOnOwner(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null);
  const [owner, self] = [found?.uid, process.geteuid?.()];
  if (owner === undefined || self === undefined || owner === self) return;
  const what = `${folder} belongs to the user with the ID ${owner}, and what this one makes there larder could not use`;
  throw new DataFolderError(
    `${what}: start larder and import without --data, or run it as that user (runuser -u USER -- …)`,
  );
}
