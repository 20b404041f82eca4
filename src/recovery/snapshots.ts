import { statSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { SingleFlight } from "../lib/async/single-flight.ts";
import type { Turns } from "../lib/async/turns.ts";
import type { SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import type { ChangeJournal } from "./change-journal.ts";
import { type HistoryFile, historyFolder, listHistory } from "./history-folder.ts";
import { writeSnapshot } from "./snapshot.ts";

const DAY_MS = 86_400_000;
const KEPT = 2;
/** Changes since the last snapshot may be so many bytes, or half of what the database has. */
const CHANGES_BYTES = 8 << 20;
/** Each run has a file of changes. */
const CHANGES_FILES = 50;
/** Where a file of changes has no more than its first line, nothing changed. */
const BEGIN_BYTES = 200;

/** The free space of the disk, as `DiskReserve` reports it. */
export type DiskSpace = { readonly isSpent: boolean; freeBytes(): number };

/** Takes snapshots of the database when enough has changed, and keeps the last two. */
export class Snapshots {
  readonly #folder: string;
  readonly #database: SqliteDatabase;
  readonly #journal: ChangeJournal;
  readonly #space: DiskSpace;
  readonly #now: () => number;
  readonly #flights = new SingleFlight<"snapshot", void>();
  /** Did the last run end without having written all down? */
  #isDoubtful: boolean;

  constructor(
    dataFolder: string,
    database: SqliteDatabase,
    journal: ChangeJournal,
    { space, isDoubtful, now }: { space: DiskSpace; isDoubtful: boolean; now: () => number },
  ) {
    this.#folder = dataFolder;
    this.#database = database;
    this.#journal = journal;
    this.#space = space;
    this.#isDoubtful = isDoubtful;
    this.#now = now;
  }

  /** Takes a snapshot if it is time for one, and there is room. Ends early when the signal is aborted. */
  takeIfDue(turns: Turns, signal: AbortSignal): Promise<void> {
    return this.#isDue() ? this.take(turns, signal) : Promise.resolve();
  }

  /** Takes one now, if there is room. */
  take(turns: Turns, signal: AbortSignal): Promise<void> {
    return this.#flights.run("snapshot", () => this.#take(turns, signal));
  }

  async #take(turns: Turns, signal: AbortSignal): Promise<void> {
    const sizeBytes = this.#database.sizeBytes;
    // Half of it is free afterwards: a snapshot is never what fills the disk.
    if (this.#space.isSpent || this.#space.freeBytes() < 2 * sizeBytes) return;
    await forgetUnfinished(this.#folder);
    const number = await this.#journal.startAnew();
    await writeSnapshot(this.#database, this.#folder, number, this.#now(), turns.begin(signal));
    this.#isDoubtful = false;
    await this.#forgetOld();
  }

  #isDue(): boolean {
    const files = listHistory(this.#folder);
    const last = files.findLast(({ kind }) => kind === "snapshot");
    if (last === undefined || this.#journal.isCut || this.#isDoubtful) return true;
    const changes = files.filter(({ kind, number }) => kind === "changes" && number >= last.number);
    if (changes.some(({ isCut }) => isCut) || changes.length > CHANGES_FILES) return true;
    const bytes = changes.reduce((sum, file) => sum + this.#sizeOf(file), 0);
    if (bytes > Math.max(CHANGES_BYTES, this.#database.sizeBytes / 2)) return true;
    const ageMs = this.#now() - modifiedAtMs(last.path);
    // What is in the future was written by a clock that was wrong.
    return (ageMs > DAY_MS || ageMs < 0) && bytes > BEGIN_BYTES * changes.length;
  }

  /** The file that is being written has room for more. */
  #sizeOf({ number, path }: HistoryFile): number {
    if (number === this.#journal.number) return this.#journal.bytes;
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  async #forgetOld(): Promise<void> {
    const files = listHistory(this.#folder);
    const oldest = files.filter(({ kind }) => kind === "snapshot").at(-KEPT);
    for (const { number, path } of files)
      if (oldest !== undefined && number < oldest.number) await rm(path, { force: true });
  }
}

function modifiedAtMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** What a kill left of a snapshot. */
async function forgetUnfinished(dataFolder: string): Promise<void> {
  const folder = historyFolder(dataFolder);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (/^snapshot-\d+\.new$/.test(name)) await rm(join(folder, name), { force: true });
}
