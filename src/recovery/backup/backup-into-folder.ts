import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { chmod, link, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mapBounded } from "../../lib/async/map-bounded.ts";
import { scanFile } from "../../lib/files/scan-file.ts";
import { syncAll } from "../../lib/files/sync-all.ts";
import { nullIfAbsent } from "../../lib/files/system-error.ts";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.ts";
import { blobPath } from "../../storage/filesystem/blob-folder.ts";
import { FilesystemBlobs } from "../../storage/filesystem/blobs-filesystem.ts";
import { StoreInUse, StoreLock } from "../../storage/sqlite/store-lock.ts";
import { readStoreMark, writeStoreMark } from "../store-mark.ts";
import {
  type BackupDescription,
  BackupError,
  BEGUN,
  DESCRIPTION,
  describeBackup,
  formatDescription,
  parseDescription,
} from "./backup-description.ts";
import type { BackupSource, OnBytes } from "./backup-source.ts";
import { BlobRoll } from "./blob-roll.ts";
import { type RecordedBlob, RecordedBlobs } from "./recorded-blobs.ts";
import { sha256OfFile } from "./sha256-of-file.ts";

/** How a backup is made. */
export type FolderBackupOptions = {
  /** May files be hard links to those of the store, where that is on the same file system? */
  readonly mayLink: boolean;
  /** Do blobs stay that are in the store no more? */
  readonly keepsGone: boolean;
  readonly onBytes: OnBytes;
};

/** What came of it. */
export type BackupReport = {
  readonly description: BackupDescription;
  readonly lackingCount: number;
  /** Blobs that were there before, linked and copied; and those that were taken away. */
  readonly present: number;
  readonly linked: number;
  readonly copied: number;
  readonly removed: number;
};

const AT_ONCE = 4;
/** So often an answer may break off before its first byte. */
const BREAKS = 3;

/**
 * Makes a backup in a folder (`backup-description.ts` draws it), or brings the one that is there up to date: only what it lacks
 * comes over. Until that is all there, the one before stays whole. Throws BackupError.
 */
export async function backupIntoFolder(
  source: BackupSource,
  folder: string,
  options: FolderBackupOptions,
): Promise<BackupReport> {
  claim(folder);
  const lock = lockFolder(folder);
  try {
    await mkdir(join(folder, "blobs"), { recursive: true, mode: 0o700 });
    const roll = new BlobRoll();
    const counts = await fetchBlobs(source, folder, roll, options);
    await fetchFiles(source, folder, options.onBytes);
    syncAll();
    const description = await takePlace(source, folder, roll);
    const removed = options.keepsGone ? 0 : await removeGone(folder);
    return { description, lackingCount: roll.lackingCount, ...counts, removed };
  } finally {
    lock.release();
  }
}

/**
 * A folder of something else is not written to. That this one is for backups is the first thing in it: a kill at any time leaves
 * a folder that the next run goes on with.
 */
function claim(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = readdirSync(folder).filter((name) => name !== "lost+found");
  if (names.length > 0 && !names.includes(BEGUN)) {
    throw new BackupError(`${folder} is not empty, and no folder of backups: choose another`);
  }
  writeFileSync(join(folder, BEGUN), "larder keeps a backup here\n", { mode: 0o600 });
}

function lockFolder(folder: string): StoreLock {
  try {
    return new StoreLock(folder);
  } catch (error) {
    if (!(error instanceof StoreInUse)) throw error;
    throw new BackupError(`another backup into ${folder} is under way, or a larder runs on it`, { cause: error });
  }
}

type Counts = { present: number; linked: number; copied: number };

async function fetchBlobs(
  source: BackupSource,
  folder: string,
  roll: BlobRoll,
  { mayLink, onBytes }: FolderBackupOptions,
): Promise<Counts> {
  await insistOnUntouched(folder);
  const counts: Counts = { present: 0, linked: 0, copied: 0 };
  const from = mayLink && readStoreMark(source.begun.folder)?.id === source.begun.store.id ? source.begun.folder : null;
  for (let after: Digest | null = null; ; ) {
    const { blobs, next } = await source.blobs(after);
    const got = await mapBounded(blobs, AT_ONCE, (blob) => fetchBlob(blob, source, folder, { from, counts, onBytes }));
    blobs.forEach(({ digest, size }, index) => roll.add(digest, size, got[index] === true));
    if (next === null) return counts;
    after = next;
  }
}

/** What a larder that ran on the backup wrote to it is nowhere else. */
async function insistOnUntouched(folder: string): Promise<void> {
  const mark = readStoreMark(folder);
  const text = await readFile(join(folder, DESCRIPTION), "utf8").catch(nullIfAbsent);
  const before = text === null ? null : parseDescription(text);
  if (mark === null || before === null || mark.generation === before.store.generation) return;
  const what = `a larder has run on ${folder} since the backup was made, and what it changed would be lost`;
  throw new BackupError(`${what}: choose another folder, or remove ${join(folder, "store.json")} if that may go`);
}

type Way = { readonly from: string | null; readonly counts: Counts; readonly onBytes: OnBytes };

async function fetchBlob(blob: RecordedBlob, source: BackupSource, folder: string, way: Way): Promise<boolean> {
  const { digest, size } = blob;
  const path = blobPath(folder, digest);
  const { counts, onBytes } = way;
  if (sizeOf(path) === size) {
    counts.present++;
    onBytes(size);
    return true;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (way.from !== null && (await tryLink(blobPath(way.from, digest), path, size))) {
    counts.linked++;
    onBytes(size);
    return true;
  }
  const isHere = await download(blob, source, path, onBytes);
  if (isHere) counts.copied++;
  return isHere;
}

async function tryLink(from: string, to: string, size: number): Promise<boolean> {
  if (sizeOf(from) !== size) return false;
  try {
    rmSync(to, { force: true });
    await link(from, to);
    return true;
  } catch {
    // Another file system, or one that has no links, or a user who may make none: it is copied.
    return false;
  }
}

/** Goes on where an interrupted one ended. False when larder does not have the blob, or not with its bytes. */
async function download({ digest, size }: RecordedBlob, source: BackupSource, path: string, onBytes: OnBytes) {
  const part = `${path}.part`;
  const digester = new Digester(algorithmOf(digest));
  let at = 0;
  for await (const piece of readIfThere(part)) {
    digester.update(piece);
    at += piece.byteLength;
  }
  onBytes(at);
  const file = await open(part, "a", 0o600);
  try {
    for await (const piece of restOf({ digest, size }, source, at)) {
      digester.update(piece);
      await file.writeFile(piece);
      onBytes(piece.byteLength);
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  const isRight = digester.digest() === digest;
  if (isRight) await rename(part, path);
  else await rm(part, { force: true });
  return isRight;
}

/**
 * A blob from a byte on, as far as it is to be had. Where larder breaks off, it is asked for the rest: it may be its disk, which it then
 * says, and the other blobs can be copied.
 */
async function* restOf({ digest, size }: RecordedBlob, source: BackupSource, from: number): AsyncGenerator<Uint8Array> {
  let [at, failures] = [from, 0];
  while (at < size) {
    const before = at;
    const body = await source.read(digest, at);
    if (body === null) return;
    try {
      for await (const piece of body) {
        at += piece.byteLength;
        yield piece;
      }
      return;
    } catch (error) {
      failures = at === before ? failures + 1 : 0;
      if (failures > BREAKS) throw error;
    }
  }
}

async function* readIfThere(path: string): AsyncGenerator<Uint8Array> {
  if (sizeOf(path) !== null) yield* scanFile(path);
}

/** Everything else, beside what is there, as `NAME.new`. */
async function fetchFiles(source: BackupSource, folder: string, onBytes: OnBytes): Promise<void> {
  for (const { path, sha256 } of source.begun.files) {
    const to = `${join(folder, path)}.new`;
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    const body = await source.read(path, 0);
    if (body === null) throw new BackupError(`larder does not have ${path} any more: make the backup again`);
    const file = await open(to, "w", 0o600);
    try {
      for await (const piece of body) {
        await file.writeFile(piece);
        onBytes(piece.byteLength);
      }
    } finally {
      await file.close();
    }
    if ((await sha256OfFile(to)) !== sha256) throw new BackupError(`${path} did not come over as it is: try again`);
    await chmod(to, 0o600);
  }
}

/** From here to its end there is no whole backup; that takes a moment, and another run makes one again. */
async function takePlace(source: BackupSource, folder: string, roll: BlobRoll): Promise<BackupDescription> {
  const { store, files } = source.begun;
  const description = describeBackup(source.version, source.begun, roll.finish());
  const path = join(folder, DESCRIPTION);
  await writeFile(`${path}.new`, formatDescription(description), { mode: 0o600 });
  rmSync(path, { force: true });
  for (const end of ["-wal", "-shm", "-journal"]) rmSync(join(folder, `larder.db${end}`), { force: true });
  rmSync(join(folder, "snapshots"), { recursive: true, force: true });
  for (const { path: name } of files) renameSync(`${join(folder, name)}.new`, join(folder, name));
  writeStoreMark(folder, { ...store, isOpen: false, damage: null });
  syncAll();
  renameSync(`${path}.new`, path);
  syncAll();
  return description;
}

/** Takes away the blobs that the backup's database does not record. */
async function removeGone(folder: string): Promise<number> {
  const recorded = new RecordedBlobs(join(folder, "larder.db"));
  const blobs = new FilesystemBlobs(folder);
  let removed = 0;
  try {
    for await (const digest of blobs.list()) {
      if (!recorded.has(digest) && (await blobs.remove(digest))) removed++;
    }
  } finally {
    recorded.close();
  }
  return removed;
}

function sizeOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? found.size : null;
}
