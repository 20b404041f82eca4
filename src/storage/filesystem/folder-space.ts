import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isNotFound } from "../../lib/files/system-error.ts";

/** Bytes of what a data folder holds besides blobs. */
export type FolderSpace = {
  readonly databaseBytes: number;
  readonly snapshotBytes: number;
  /** Uploads of clients, and what is left of downloads that broke off; not those that are under way. */
  readonly uploadBytes: number;
  readonly asideBytes: number;
  readonly damagedBytes: number;
  readonly aciBytes: number;
};

/** Measures a data folder, `blobs/` left out; `isFetched` tells of an upload's file whether it is under way. */
export async function folderSpace(dataFolder: string, isFetched: (uploadId: string) => boolean): Promise<FolderSpace> {
  const at = (...names: string[]) => bytesBelow(join(dataFolder, ...names), () => true);
  const database = ["larder.db", "larder.db-wal", "larder.db-shm", "store.json", "lock.db"];
  const [aside, damaged] = [await at("aside"), await at("aside", "damaged")];
  return {
    databaseBytes: (await Promise.all(database.map((name) => at(name)))).reduce((sum, bytes) => sum + bytes, 0),
    snapshotBytes: await at("snapshots"),
    uploadBytes: await bytesBelow(join(dataFolder, "uploads"), (name) => !isFetched(name)),
    asideBytes: aside - damaged,
    damagedBytes: damaged,
    aciBytes: await at("aci"),
  };
}

async function bytesBelow(path: string, isMeant: (name: string) => boolean): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return found.isFile() ? found.size : 0;
    let bytes = 0;
    for await (const entry of await opendir(path)) {
      if (entry.isDirectory() || (entry.isFile() && isMeant(entry.name))) {
        bytes += await bytesBelow(join(path, entry.name), isMeant);
      }
    }
    return bytes;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}
