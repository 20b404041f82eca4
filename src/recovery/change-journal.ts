import { closeSync, fdatasync, ftruncateSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { passFaultPoint } from "../lib/files/fault-point.ts";
import { syncFolder } from "../lib/files/sync-folder.ts";
import type { ChangeSink, SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import { takeChanges, watchChanges } from "./change-watch.ts";
import { historyFolder, historyPath, nextNumber } from "./history-folder.ts";
import { formatRecord, type StoreRecord } from "./store-record.ts";

/** No more than this is written without a snapshot between, or what the database itself has, when that is more. */
const LEAST_LIMIT_BYTES = 64 << 20;

/**
 * Writes down what changes in the database, in files of its own: with the last snapshot they are all that a new database
 * needs. A record is in the file when its transaction has ended, and on disk when the database's log is.
 *
 * It never fails whoever changes something. Where it cannot be written, it ends, and a snapshot is due.
 */
export class ChangeJournal implements ChangeSink {
  readonly #folder: string;
  readonly #database: SqliteDatabase;
  readonly #now: () => number;
  #number: number;
  /** Null until there is something to write, and after it was cut. */
  #file: OpenFile | null = null;
  #bytes = 0;
  #isCut = false;

  constructor(dataFolder: string, database: SqliteDatabase, now: () => number) {
    this.#folder = dataFolder;
    this.#database = database;
    this.#now = now;
    this.#number = nextNumber(dataFolder);
    watchChanges(database);
  }

  /** Could it not be written? Then it no longer tells all. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The number of the file that is being written, or would be. */
  get number(): number {
    return this.#number;
  }

  /** What has been written to it, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  take(): (() => void) | null {
    const changes = takeChanges(this.#database);
    return changes.length === 0 || this.#isCut ? null : () => this.#write(changes);
  }

  async sync(): Promise<void> {
    const file = this.#file;
    if (file?.isSynced !== false) return;
    passFaultPoint("journal.sync");
    const error = await file.sync();
    // What could not be synced is as good as cut; whoever waits has what counts, in the database's own log.
    if (error !== null && file === this.#file) this.#cut();
  }

  /** Goes on in a new file, whose number is handed back: a snapshot that begins now needs what comes from here on. */
  async startAnew(): Promise<number> {
    await this.sync();
    this.close();
    this.#number = nextNumber(this.#folder);
    this.#isCut = false;
    this.#file = this.#begin();
    await syncFolder(historyFolder(this.#folder));
    return this.#number;
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #write(changes: readonly StoreRecord[]): void {
    try {
      const limitBytes = Math.max(LEAST_LIMIT_BYTES, this.#database.sizeBytes);
      if (this.#bytes > limitBytes) throw new Error("it is as large as it may be");
      this.#file ??= this.#begin();
      passFaultPoint("journal.write");
      this.#append(this.#file, changes.map(formatRecord).join(""));
    } catch {
      this.#cut();
    }
  }

  #begin(): OpenFile {
    mkdirSync(historyFolder(this.#folder), { recursive: true, mode: 0o700 });
    const file = new OpenFile(historyPath(this.#folder, "changes", this.#number));
    this.#bytes = 0;
    this.#append(file, formatRecord({ kind: "begin", store: this.#database.storeId, atMs: this.#now() }));
    // Its name is not waited for: a power cut before the next sync of a folder loses what the database's log still has.
    void syncFolder(historyFolder(this.#folder)).catch(() => {});
    return file;
  }

  #append(file: OpenFile, text: string): void {
    const bytes = Buffer.from(text);
    this.#bytes += bytes.byteLength;
    file.append(bytes);
  }

  #cut(): void {
    this.#isCut = true;
    try {
      this.close();
      const path = historyPath(this.#folder, "changes", this.#number);
      renameSync(path, `${path}.cut`);
    } catch {
      // It never came to be, or may not be renamed: a later run takes it for whole, and a snapshot is due in this one.
    }
  }
}

/** So many zeros are written ahead of the records. */
const ROOM_BYTES = 256 << 10;

/**
 * A new file that is appended to, with room written ahead: to sync a file that has not grown is half the work. A sync may
 * be on its way when it is closed: the descriptor stays until it has ended.
 */
class OpenFile {
  readonly #descriptor: number;
  #size = 0;
  #sizeWithRoom = 0;
  #syncs = 0;
  #isClosed = false;
  /** Most transactions change nothing that is written down here. */
  isSynced = true;

  constructor(path: string) {
    this.#descriptor = openSync(path, "wx", 0o600);
  }

  append(bytes: Uint8Array): void {
    this.isSynced = false;
    if (this.#size + bytes.byteLength > this.#sizeWithRoom) this.#makeRoom(bytes.byteLength);
    this.#write(bytes, this.#size);
    this.#size += bytes.byteLength;
  }

  /** Null, or why it failed. */
  sync(): Promise<Error | null> {
    this.#syncs++;
    this.isSynced = true;
    return new Promise((resolve) => {
      fdatasync(this.#descriptor, (error) => {
        this.#syncs--;
        if (this.#isClosed) this.#release();
        resolve(error);
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    ftruncateSync(this.#descriptor, this.#size);
    this.#release();
  }

  #makeRoom(bytes: number): void {
    const room = new Uint8Array(Math.ceil(bytes / ROOM_BYTES) * ROOM_BYTES);
    this.#write(room, this.#size);
    this.#sizeWithRoom = this.#size + room.byteLength;
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.byteLength; ) {
      at += writeSync(this.#descriptor, bytes, at, bytes.byteLength - at, position + at);
    }
  }

  #release(): void {
    if (this.#syncs === 0) closeSync(this.#descriptor);
  }
}
