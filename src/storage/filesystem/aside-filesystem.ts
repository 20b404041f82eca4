import { link, lstat, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import { makeFolder } from "../../lib/files/make-folder.ts";
import { syncFolder } from "../../lib/files/sync-folder.ts";
import type { Digest } from "../../oci/digest.ts";
import type { AsideFile, AsideReason, AsideStore, AsideTotals } from "../aside.ts";
import { asideFolder, asidePath, blobPath } from "./blob-folder.ts";
import { digestsIn } from "./list-folder.ts";
import type { WriteGuard } from "../write-guard.ts";
import { statNow } from "./stat-now.ts";
import { storageError } from "../storage-error.ts";
import { codeOf, isAbsent, isNotFound } from "../../lib/files/system-error.ts";

/** A link in a blob's place leads elsewhere: it is moved as it is, and never followed. */
type Found = { readonly size: number; readonly sinceMs: number };

/**
 * What is set aside as files of the data folder (`blob-folder.ts` draws it). Since when is told by the time at which the
 * file system last changed the file's own record, which a rename sets and a copy makes later: never too early.
 */
export class FilesystemAside implements AsideStore {
  readonly #folder: string;
  readonly #guard: WriteGuard | null;

  constructor(dataFolder: string, guard: WriteGuard | null = null) {
    this.#folder = dataFolder;
    this.#guard = guard;
  }

  async setAside(digest: Digest, reason: AsideReason): Promise<boolean> {
    return this.#move(blobPath(this.#folder, digest), asidePath(this.#folder, digest, reason), renameOver);
  }

  async bringBack(digest: Digest): Promise<number | null> {
    const path = blobPath(this.#folder, digest);
    if (!(await this.#move(asidePath(this.#folder, digest, "unrecorded"), path, renameBeside))) return null;
    return (await findFile(path))?.size ?? null;
  }

  async holds(digest: Digest, reason: AsideReason): Promise<boolean> {
    return statNow(asidePath(this.#folder, digest, reason)) !== null;
  }

  async size(digest: Digest, reason: AsideReason): Promise<number | null> {
    const found = statNow(asidePath(this.#folder, digest, reason));
    return found?.isFile() === true ? found.size : null;
  }

  async giveUp(digest: Digest, reason: AsideReason): Promise<boolean> {
    const path = asidePath(this.#folder, digest, reason);
    this.#guard?.admit();
    if ((await findFile(path)) === null) return false;
    await rm(path, { recursive: true, force: true });
    return true;
  }

  async *list(): AsyncIterable<AsideFile> {
    for (const reason of ["unrecorded", "damaged"] as const) {
      for await (const digest of digestsIn(asideFolder(this.#folder, reason))) {
        const found = await findFile(asidePath(this.#folder, digest, reason));
        if (found !== null) yield { digest, reason, ...found };
      }
    }
  }

  async totals(): Promise<AsideTotals> {
    let [files, damaged, bytes] = [0, 0, 0];
    for await (const { reason, size } of this.list()) {
      files++;
      if (reason === "damaged") damaged++;
      bytes += size;
    }
    return { files, damaged, bytes };
  }

  /** The new name is durable before the old one is gone for good: a power cut leaves one of the two. */
  async #move(from: string, to: string, rename: Rename): Promise<boolean> {
    this.#guard?.admit();
    try {
      if ((await findFile(from)) === null) return false;
      await makeFolder(dirname(to));
      passFaultPoint("aside.move");
      if (!(await rename(from, to))) return false;
      passFaultPoint("aside.sync-folder");
      await syncFolder(dirname(to));
      await syncFolder(dirname(from));
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw storageError(error);
    }
  }
}

type Rename = (from: string, to: string) => Promise<boolean>;

/** As `rename`, which replaces nothing: what comes to be there meanwhile stays. False when there is something. */
async function renameBeside(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    await rm(from, { force: true });
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    if (isNotFound(error)) throw error;
  }
  // A folder, or a file system without hard links: there a moment lies between the look and the move.
  if ((await findFile(to)) !== null) return false;
  await rename(from, to);
  return true;
}

function isThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

const IN_THE_WAY = new Set(["EISDIR", "ENOTDIR", "ENOTEMPTY", "EEXIST"]);

/** As `rename`, which lets no file take a folder's place, nor a folder that of one with files in it. */
async function renameOver(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!IN_THE_WAY.has(codeOf(error))) throw error;
    await rm(to, { recursive: true, force: true });
    await rename(from, to);
  }
  return true;
}

async function findFile(path: string): Promise<Found | null> {
  try {
    const { size, mtimeMs, ctimeMs } = await lstat(path);
    return { size, sinceMs: Math.max(mtimeMs, ctimeMs) };
  } catch (error) {
    // A folder in the way of the path, or a file: either way the file is not there.
    if (isAbsent(error)) return null;
    throw error;
  }
}
