import type { FileHandle } from "node:fs/promises";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import type { Digester } from "../../oci/digest.ts";

/** Chunks are gathered to this size before they are written: fewer system calls, and hashing overlaps with writing. */
const BATCH_BYTES = 512 << 10;
/** After so many bytes of network buffers the collector is told: it does not see their size, and lets them pile up. */
const COLLECT_EVERY_BYTES = 32 << 20;

/** The digest of an upload's first `bytes` bytes. */
export type RunningDigest = { readonly digester: Digester; bytes: number };

/** Gathers chunks without copying them, and writes one batch while the next one is received and hashed. */
export class BatchWriter {
  readonly #file: FileHandle;
  readonly #running: RunningDigest | null;
  readonly #onWritten: (size: number) => void;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  /** The write on its way; null when the disk is idle. */
  #writing: Promise<void> | null = null;
  #written: number;
  size: number;

  constructor(file: FileHandle, start: number, running: RunningDigest | null, onWritten: (size: number) => void) {
    this.#file = file;
    this.#running = running;
    this.#onWritten = onWritten;
    this.#written = start;
    this.size = start;
  }

  /**
   * Takes a chunk. It is written at once when the disk is idle, so that those who read along see it; else with those
   * that come meanwhile. The promise waits for the disk only when a batch is full and the one before is on its way.
   */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#batch.push(chunk);
    this.#batchBytes += chunk.byteLength;
    this.size += chunk.byteLength;
    if (this.#writing === null) this.#writeBatch();
    else if (this.#batchBytes >= BATCH_BYTES) return this.#writeAfter(this.#writing);
    return undefined;
  }

  /** Writes the rest and makes everything durable. */
  async end(): Promise<void> {
    for (let writing = this.#writing; writing !== null; writing = this.#writing) await writing;
    this.#writeBatch();
    await this.#writing;
    passFaultPoint("upload.sync");
    await this.#file.datasync();
  }

  async #writeAfter(writing: Promise<void>): Promise<void> {
    await writing;
    if (this.#writing === null) this.#writeBatch();
  }

  #writeBatch(): void {
    const [batch, bytes, position] = [this.#batch, this.#batchBytes, this.#written];
    if (bytes === 0) return;
    this.#batch = [];
    this.#batchBytes = 0;
    if (Math.floor(position / COLLECT_EVERY_BYTES) !== Math.floor((position + bytes) / COLLECT_EVERY_BYTES))
      Bun.gc(false);
    this.#written += bytes;
    this.#writing = writeFully(this.#file, batch, position).then(() => {
      this.#writing = null;
      this.#onWritten(position + bytes);
      // What came meanwhile is written without waiting for more: the sender may pause here, and readers wait for it.
      this.#writeBatch();
    });
    // The next add() or end() awaits it; until then a failure must not count as unhandled.
    this.#writing.catch(() => {});
    for (const chunk of batch) this.#running?.digester.update(chunk);
    if (this.#running !== null) this.#running.bytes = this.#written;
  }
}

/** A write may be cut short by a signal or a nearly full disk; then the rest is written, which tells the true error. */
async function writeFully(file: FileHandle, buffers: Uint8Array[], position: number): Promise<void> {
  let rest = buffers;
  let at = position;
  while (rest.length > 0) {
    passFaultPoint("upload.write");
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

function withoutFirst(buffers: Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skip >= buffer.byteLength) skip -= buffer.byteLength;
    else {
      rest.push(skip === 0 ? buffer : buffer.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
