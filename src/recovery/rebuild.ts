import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../lib/files/sync-folder.ts";
import type { Digest } from "../oci/digest.ts";
import { FilesystemAside } from "../storage/filesystem/aside-filesystem.ts";
import { FilesystemBlobs } from "../storage/filesystem/blobs-filesystem.ts";
import { readStoreMark, type StoreMark, writeStoreMark } from "./store-mark.ts";
import { withDatabaseCopy } from "./database-copy.ts";
import { DatabaseBuilder, type BuiltStore } from "./database-builder.ts";
import { historyFolder, historyPath, nextNumber } from "./history-folder.ts";
import { findHistory, type History, readRecords } from "./read-history.ts";
import { salvage } from "./salvage.ts";
import type { StoreRecord } from "./store-record.ts";

/** The outcome of a rebuild: what it found and what it made. */
export type RebuildReport = BuiltStore & {
  /** When the snapshot was taken that it began with, in milliseconds since 1970; null: there was none that is whole. */
  readonly snapshotAtMs: number | null;
  /** Records from the snapshot and the changes, and such as could not be read. */
  readonly records: number;
  readonly unreadable: number;
  /** Does the history tell all? If not, what can be read in the damaged database was added. */
  readonly isWhole: boolean;
  /** Records that were read out of the damaged database. */
  readonly salvaged: number;
  /** Files of blobs that no manifest names. They stay. */
  readonly unnamedFiles: number;
  /** Where the old database is now; null when there was none, or nothing was changed. */
  readonly keptAs: string | null;
};

const BATCH = 500;
const INTERRUPTED = "larder.db was being made anew when larder was interrupted; run `larder rebuild` again";

/**
 * Makes the database of a data folder anew. Whoever calls it holds the store's lock.
 *
 *   DIR/larder.db.new       the database that is being made; of no worth until it is finished
 *   DIR/larder.db.rebuilt   a finished one: it takes the place of larder.db, whatever interrupts that
 *   DIR/larder.db.damaged-2026-11-28T01-57-00Z (and -wal)   the old one, which nobody deletes
 *
 * `isDry`: makes it, tells what there is, and takes it away again.
 */
export async function rebuildStore(dataFolder: string, nowMs: number, isDry: boolean): Promise<RebuildReport> {
  const fresh = join(dataFolder, "larder.db.new");
  removeDatabase(fresh);
  const mark = readStoreMark(dataFolder);
  const history = await findHistory(dataFolder);
  const builder = new DatabaseBuilder(fresh);
  try {
    const found = await fill(builder, dataFolder, history, nowMs);
    const [blobs, aside] = [new FilesystemBlobs(dataFolder), new FilesystemAside(dataFolder)];
    // What was set aside for want of a record comes back once it has one.
    const sizeOf = async (digest: Digest) => (await blobs.size(digest)) ?? aside.size(digest, "unrecorded");
    const built = await builder.finish(sizeOf);
    const unnamedFiles = await countUnnamed(dataFolder, builder);
    const identity = { id: mark?.id ?? found.store ?? crypto.randomUUID(), generation: (mark?.generation ?? 0) + 1 };
    builder.close(identity);
    const keptAs = isDry ? null : await swapIn(dataFolder, fresh, { ...identity, isOpen: false, damage: null }, nowMs);
    const { snapshotAtMs, isWhole } = history;
    const { records, unreadable, salvaged } = found;
    return { ...built, snapshotAtMs, isWhole, records, unreadable, salvaged, unnamedFiles, keptAs };
  } finally {
    builder.abandon();
    removeDatabase(fresh);
  }
}

/** Makes a database at `path` from what a rebuild would use, to be read for a while. */
export async function buildInterim(dataFolder: string, path: string, nowMs: number): Promise<void> {
  removeDatabase(path);
  const builder = new DatabaseBuilder(path);
  try {
    await fill(builder, dataFolder, await findHistory(dataFolder), nowMs);
    const blobs = new FilesystemBlobs(dataFolder);
    await builder.finish((digest) => blobs.size(digest));
  } finally {
    builder.abandon();
  }
}

/** Finishes a rebuild that was interrupted after its database was complete. False when there is none. */
export async function finishRebuild(dataFolder: string, nowMs: number): Promise<boolean> {
  const finished = join(dataFolder, "larder.db.rebuilt");
  const mark = readStoreMark(dataFolder);
  if (!existsSync(finished) || mark === null) return false;
  await takePlace(dataFolder, finished, { ...mark, isOpen: false, damage: null }, nowMs);
  return true;
}

type Found = { store: string | null; records: number; unreadable: number; salvaged: number };

async function fill(builder: DatabaseBuilder, dataFolder: string, history: History, nowMs: number): Promise<Found> {
  const found: Found = { store: null, records: 0, unreadable: 0, salvaged: 0 };
  let batch: StoreRecord[] = [];
  for (const { path } of history.files) {
    for await (const record of readRecords(path)) {
      if (record === null) found.unreadable++;
      else if (record.kind === "begin") found.store = record.store;
      else if (record.kind !== "end") batch.push(record);
      if (batch.length < BATCH) continue;
      builder.apply(batch);
      found.records += batch.length;
      batch = [];
    }
  }
  builder.apply(batch);
  found.records += batch.length;
  if (!history.isWhole) found.salvaged = await addSalvaged(builder, dataFolder, nowMs);
  return found;
}

async function addSalvaged(builder: DatabaseBuilder, dataFolder: string, nowMs: number): Promise<number> {
  const add = (path: string): number => {
    let count = 0;
    for (const records of salvage(path, nowMs)) {
      builder.add(records);
      count += records.length;
    }
    return count;
  };
  return (await withDatabaseCopy(dataFolder, readStoreMark(dataFolder), add)) ?? 0;
}

async function countUnnamed(dataFolder: string, builder: DatabaseBuilder): Promise<number> {
  let count = 0;
  for await (const digest of new FilesystemBlobs(dataFolder).list()) if (!builder.hasBlob(digest)) count++;
  return count;
}

async function swapIn(dataFolder: string, fresh: string, mark: StoreMark, nowMs: number): Promise<string | null> {
  const finished = join(dataFolder, "larder.db.rebuilt");
  // From here on nothing may open the database that is there: until its log is gone, it would be applied to the new one.
  writeStoreMark(dataFolder, { ...mark, damage: INTERRUPTED });
  renameSync(fresh, finished);
  await syncFolder(dataFolder);
  return takePlace(dataFolder, finished, mark, nowMs);
}

async function takePlace(dataFolder: string, finished: string, mark: StoreMark, nowMs: number): Promise<string | null> {
  const path = join(dataFolder, "larder.db");
  const kept = `${path}.damaged-${new Date(nowMs).toISOString().replace(/\.\d+/, "").replaceAll(":", "-")}`;
  const isThere = existsSync(path);
  for (const end of ["", "-wal"]) if (existsSync(`${path}${end}`)) keep(`${path}${end}`, `${kept}${end}`);
  for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  await syncFolder(dataFolder);
  renameSync(finished, path);
  await syncFolder(dataFolder);
  forceSnapshot(dataFolder);
  writeStoreMark(dataFolder, mark);
  return isThere ? kept : null;
}

/** Under a second name, so that the first one is never without a file; where the file system knows no links, as a copy. */
function keep(path: string, kept: string): void {
  try {
    linkSync(path, kept);
  } catch {
    copyFileSync(path, kept);
  }
}

/** What the rebuild itself changed is in no file of changes: the next start takes a snapshot. */
function forceSnapshot(dataFolder: string): void {
  mkdirSync(historyFolder(dataFolder), { recursive: true, mode: 0o700 });
  writeFileSync(`${historyPath(dataFolder, "changes", nextNumber(dataFolder))}.cut`, "", { mode: 0o600 });
}

/** Deletes a database with the files that SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
}
