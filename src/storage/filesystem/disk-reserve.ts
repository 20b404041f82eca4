import { rmSync, statfsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { storageFull } from "../storage-error.ts";

/** A hundredth of the file system, within these bounds: enough for the transactions of a large removal. */
const SHARE = 0.01;
const LEAST_BYTES = 2 << 20;
const MOST_BYTES = 32 << 20;
/** Once it was spent, it is put back only when so many times its size are free: else it would be spent again at once. */
const FREE_FACTOR = 2;

/**
 * Space that is kept so that space can be given back: on a disk that is full to the last byte, a removal could not even
 * be written down.
 *
 *   DIR/reserve   bytes that nobody reads; gone while the reserve is spent
 *
 * While it is spent, what it gave must not be taken by the next push, which `admit` refuses.
 */
export class DiskReserve {
  readonly #folder: string;
  readonly #path: string;
  readonly #restoring = new SingleFlight<"restore", void>();
  #isSpent = false;
  /** How often it was given away: it may be while it is put back. */
  #spends = 0;

  constructor(dataFolder: string) {
    this.#folder = dataFolder;
    this.#path = join(dataFolder, "reserve");
  }

  /** Has the reserve been given away, and not been put back yet? */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Returns when more may be written: while the reserve is spent and there is no room to put it back, what it gave is for
   * those who free space. Throws STORAGE_FULL.
   */
  async admit(): Promise<void> {
    if (this.#isSpent) await this.restore();
    if (this.#isSpent) throw storageFull();
  }

  /** Free bytes of the data folder's file system, for those who are not root. */
  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  /** Gives the space away to whoever frees some. False: there was none left to give. */
  spend(): boolean {
    this.#isSpent = true;
    this.#spends += 1;
    try {
      rmSync(this.#path);
      return true;
    } catch {
      // Not there, or not to be removed: either way there is nothing to give.
      return false;
    }
  }

  /** Puts the reserve in its place, if it is not and there is room for it. Never throws: without one, larder works too. */
  restore(): Promise<void> {
    return this.#restoring.run("restore", () => this.#restore());
  }

  async #restore(): Promise<void> {
    const spends = this.#spends;
    try {
      const bytes = this.#sizeBytes();
      if (statSync(this.#path, { throwIfNoEntry: false })?.size !== bytes) {
        if (this.freeBytes() < FREE_FACTOR * bytes) throw new Error("there is no room for a reserve");
        await fill(this.#path, bytes);
        if (this.#spends !== spends) throw new Error("it was given away meanwhile");
      }
      this.#isSpent = false;
    } catch {
      rmSync(this.#path, { force: true });
      this.#isSpent = true;
    }
  }

  #sizeBytes(): number {
    const { blocks, bsize } = statfsSync(this.#folder);
    return Math.round(Math.min(MOST_BYTES, Math.max(LEAST_BYTES, blocks * bsize * SHARE)));
  }
}

/** Random bytes: a file system that compresses would keep no space for zeros. */
async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    const chunk = new Uint8Array(256 << 10);
    for (let at = 0; at < chunk.byteLength; at += 65_536) crypto.getRandomValues(chunk.subarray(at, at + 65_536));
    for (let written = 0; written < bytes; ) {
      written += (await file.write(chunk, 0, Math.min(chunk.byteLength, bytes - written))).bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
