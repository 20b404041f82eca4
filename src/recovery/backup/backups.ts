import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../oci/digest.ts";
import { parseDigest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { BlobBody, BlobStore } from "../../storage/blobs.ts";
import type { BlobHold, BlobTransitionStore } from "../../storage/collection.ts";
import { storageError } from "../../storage/storage-error.ts";
import { isSystemError, nullIfAbsent } from "../../lib/files/system-error.ts";
import type { Log } from "../../telemetry/log.ts";
import type { DatabaseCopy } from "./copy-database.ts";
import { RecordedBlobs } from "./recorded-blobs.ts";

/** What backups are made of. */
export type BackupsParts = {
  readonly dataFolder: string;
  readonly blobs: BlobStore;
  readonly transitions: BlobTransitionStore;
  /** Copies the database to a file, in another process. Throws when there is none that is whole. */
  readonly copyDatabase: (to: string, signal: AbortSignal) => Promise<DatabaseCopy>;
  readonly freeBytes: () => number;
  readonly databaseBytes: () => number;
  readonly now: () => number;
  readonly log: Log;
};

/** A backup that has begun: what is to be fetched. */
export type BegunBackup = {
  readonly id: string;
  readonly takenAtMs: number;
  readonly store: { readonly id: string; readonly generation: number };
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  readonly blobs: { readonly count: number; readonly bytes: number };
  /** The data folder, for one on the same machine. */
  readonly folder: string;
};

/** The content of a file from some byte on. */
export type BackupContent = { readonly body: BlobBody; readonly bytes: number };

type Running = {
  readonly begun: BegunBackup;
  readonly folder: string;
  readonly recorded: RecordedBlobs;
  readonly hold: BlobHold;
  readonly small: ReadonlyMap<string, Uint8Array>;
  readonly end: PromiseWithResolvers<void>;
  timer: NodeJS.Timeout;
};

/** One that hangs is given up after so long without a question, though it is still there; a large blob may take its time. */
const IDLE_MS = 6 * 3_600_000;
const AT_ONCE = 4;
/** Keys and certificates are small. */
const SMALL_BYTES = 1 << 20;
/** Folders with keys, by their names in the data folder; what is in folders below them is not copied. */
const SMALL_FOLDERS = ["tls", "aci"];

/**
 * Backups that are being fetched from this larder. Each has a copy of the database, as it was at one moment, in `DIR/backup/ID`,
 * and holds on to the blobs that this records until they have been fetched: nothing takes their files away.
 */
export class Backups {
  readonly #parts: BackupsParts;
  readonly #running = new Map<string, Running>();
  readonly #ending = new AbortController();
  #beginning = 0;

  constructor(parts: BackupsParts) {
    this.#parts = parts;
  }

  /** Deletes what a kill left. */
  async start(): Promise<void> {
    await rm(join(this.#parts.dataFolder, "backup"), { recursive: true, force: true }).catch(() => {});
  }

  /** Begins a backup. Throws UNAVAILABLE, STORAGE_FULL. */
  async begin(signal: AbortSignal): Promise<BegunBackup> {
    if (this.#running.size + this.#beginning >= AT_ONCE) {
      throw new RegistryError("UNAVAILABLE", `${AT_ONCE} backups are being fetched just now; wait for the end of one`);
    }
    this.#beginning++;
    try {
      return await this.#begin(AbortSignal.any([signal, this.#ending.signal]));
    } finally {
      this.#beginning--;
    }
  }

  /** The next of its blobs, behind `after`; up to there they have been fetched, and may go. Throws NAME_UNKNOWN. */
  blobsOf(id: string, after: string | null, limit: number) {
    const { recorded, hold } = this.#use(id);
    if (after !== null) hold.advance(parseDigest(after));
    const blobs = recorded.page(after, limit);
    return { blobs, next: blobs.length < limit ? null : (blobs.at(-1)?.digest ?? null) };
  }

  /** A file of a backup, or a blob by its digest, from a byte on; null when it is not here. Throws NAME_UNKNOWN. */
  async read(id: string, name: string, from: number): Promise<BackupContent | null> {
    const { folder, small, begun } = this.#use(id);
    const bytes = small.get(name);
    if (bytes !== undefined)
      return { body: new Blob([bytes.slice(from)]), bytes: Math.max(0, bytes.byteLength - from) };
    if (name === "larder.db") {
      const size = begun.files[0]?.bytes ?? 0;
      return { body: Bun.file(join(folder, name)).slice(Math.min(from, size)), bytes: Math.max(0, size - from) };
    }
    return this.#readBlob(parseDigest(name), from);
  }

  /** Ends a backup: what it holds on to may go. False when there was none. */
  async end(id: string): Promise<boolean> {
    const running = this.#running.get(id);
    if (running === undefined) return false;
    this.#running.delete(id);
    clearTimeout(running.timer);
    running.hold.release();
    running.recorded.close();
    running.end.resolve();
    await rm(running.folder, { recursive: true, force: true });
    return true;
  }

  /** Resolves when the backup has ended. */
  ended(id: string): Promise<void> {
    return this.#running.get(id)?.end.promise ?? Promise.resolve();
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    this.#ending.abort(new RegistryError("UNAVAILABLE", "larder is being stopped"));
    await Promise.all([...this.#running.keys()].map((id) => this.end(id)));
  }

  async #begin(signal: AbortSignal): Promise<BegunBackup> {
    const { dataFolder, transitions, copyDatabase, now, log } = this.#parts;
    this.#insistOnSpace();
    const id = crypto.randomUUID();
    // What was acknowledged before is in it.
    const takenAtMs = now();
    const folder = join(dataFolder, "backup", id);
    // First of all: what the copy records is to be there when it is fetched.
    const hold = await transitions.hold();
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { store, bytes, sha256, blobs, blobBytes } = await copyDatabase(join(folder, "larder.db"), signal);
      const small = await readSmallFiles(dataFolder);
      const files = [{ path: "larder.db", bytes, sha256 }, ...[...small].map(describe)];
      const begun = {
        id,
        takenAtMs,
        store,
        files,
        blobs: { count: blobs, bytes: blobBytes },
        folder: dataFolder,
      };
      const recorded = new RecordedBlobs(join(folder, "larder.db"));
      this.#running.set(id, {
        begun,
        folder,
        recorded,
        hold,
        small,
        end: Promise.withResolvers(),
        timer: this.#giveUpLater(id),
      });
      log.write("info", "a backup has begun", { backup: id, blobs, bytes: blobBytes + bytes });
      return begun;
    } catch (error) {
      hold.release();
      await rm(folder, { recursive: true, force: true }).catch(() => {});
      throw storageError(error);
    }
  }

  /** The copy of the database must not be what fills the disk. */
  #insistOnSpace(): void {
    const { freeBytes, databaseBytes } = this.#parts;
    if (freeBytes() > 2 * databaseBytes()) return;
    const what = "there is no room for a copy of the database in larder's data folder, which a backup begins with";
    throw new RegistryError("STORAGE_FULL", `${what}; free some space (\`larder rm\`, then \`larder gc\`)`);
  }

  async #readBlob(digest: Digest, from: number): Promise<BackupContent | null> {
    const { blobs } = this.#parts;
    const size = await blobs.size(digest);
    if (size === null) return null;
    const start = Math.min(from, size);
    // One that the disk does not give is as good as none; the others are to be had all the same.
    const body = await blobs.read(digest, { start, end: size }).catch((error: unknown) => {
      if (!isSystemError(error)) throw error;
      return null;
    });
    return body === null ? null : { body, bytes: size - start };
  }

  #use(id: string): Running {
    const running = this.#running.get(id);
    if (running === undefined) {
      const what =
        "there is no such backup: it was ended, as when the connection that began it is lost, or larder is restarted";
      throw new RegistryError("NAME_UNKNOWN", `${what}: begin it again, and what is copied already stays`);
    }
    clearTimeout(running.timer);
    running.timer = this.#giveUpLater(id);
    return running;
  }

  #giveUpLater(id: string): NodeJS.Timeout {
    const giveUp = (): void => {
      this.#parts.log.write("warning", "a backup was given up, since nobody went on with it", { backup: id });
      void this.end(id);
    };
    return setTimeout(giveUp, IDLE_MS).unref();
  }
}

async function readSmallFiles(dataFolder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const folder of SMALL_FOLDERS) {
    const entries = (await readdir(join(dataFolder, folder), { withFileTypes: true }).catch(nullIfAbsent)) ?? [];
    for (const entry of entries) {
      if (!entry.isFile() || !/^[\w.@+-]{1,200}$/.test(entry.name)) continue;
      const bytes = await readFile(join(dataFolder, folder, entry.name));
      if (bytes.byteLength <= SMALL_BYTES) found.set(`${folder}/${entry.name}`, bytes);
    }
  }
  return found;
}

function describe([path, bytes]: [string, Uint8Array]) {
  return { path, bytes: bytes.byteLength, sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex") };
}
