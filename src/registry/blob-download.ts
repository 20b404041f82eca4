import type { ByteRange } from "../lib/byte-range.ts";
import type { UploadReader } from "../storage/blobs.ts";

/** A reader takes as much at once at most; what it has taken and not sent on is all the memory that it costs. */
const READ_BYTES = 256 * 1024;

/** Opens the file that a download grows in; null when it is there no more. */
export type OpenReader = () => Promise<UploadReader | null>;

/**
 * A blob on its way from upstream to disk, and everyone who reads along.
 *
 * The writer tells how far the file has come; each reader goes at its own speed through the file, and waits at its end
 * for more. No reader holds up the writer or another reader, and one that leaves stops nothing. The last bytes are held
 * back until the digest has been checked: nobody ever sees a complete blob that is wrong.
 */
export class BlobDownload {
  /** The blob's whole size in bytes. */
  readonly size: number;
  readonly #open: OpenReader;
  #written: number;
  #outcome: "running" | "complete" | "failed" = "running";
  #failure: unknown = null;
  #change = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();

  constructor(size: number, written: number, open: OpenReader) {
    this.size = size;
    this.#written = written;
    this.#open = open;
    this.#done.promise.catch(() => {}); // Nobody may be waiting; readers learn of a failure by themselves.
  }

  /** How many bytes are on disk. */
  get written(): number {
    return this.#written;
  }

  /** Resolves when the blob is kept, rejects when the download failed. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Told by the writer: readers may read up to `written`. */
  advance(written: number): void {
    this.#written = written;
    this.#wake();
  }

  /** Told by the writer: the digest is right and the blob is kept. */
  complete(): void {
    this.#outcome = "complete";
    this.#written = this.size;
    this.#done.resolve();
    this.#wake();
  }

  /** Told by the writer: there will be no more. */
  fail(error: unknown): void {
    this.#outcome = "failed";
    this.#failure = error;
    this.#done.reject(error);
    this.#wake();
  }

  /**
   * The content from the beginning, or a range of it, as it comes. It fails when the download does. Null when the
   * download has ended: then the blob is in its place, or is not to be had.
   */
  async read(range: ByteRange | null): Promise<ReadableStream<Uint8Array> | null> {
    const reader = await this.#open();
    if (reader === null) return null;
    let position = range?.start ?? 0;
    const end = range?.end ?? this.size;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      try {
        const available = await this.#waitFor(position, end);
        const chunk = await reader.read(position, Math.min(READ_BYTES, available - position));
        if (chunk.byteLength > 0) controller.enqueue(chunk);
        position += chunk.byteLength;
        if (position < end && chunk.byteLength > 0) return;
        if (position < end) throw new Error(`the file of a download ended at ${position} of ${end} bytes`);
        controller.close();
        await reader.close();
      } catch (error) {
        controller.error(error);
        await reader.close();
      }
    };
    return new ReadableStream({ pull, cancel: () => reader.close() }, { highWaterMark: 0 });
  }

  /** Waits until there is something behind `position`, or nothing is to come. Returns how far one may read. */
  async #waitFor(position: number, end: number): Promise<number> {
    for (;;) {
      if (this.#outcome === "failed") throw this.#failure;
      const limit = this.#outcome === "complete" ? this.size : Math.min(this.#written, this.size - 1);
      if (limit > position || this.#outcome === "complete") return Math.min(limit, end);
      await this.#change.promise;
    }
  }

  #wake(): void {
    const change = this.#change;
    this.#change = Promise.withResolvers();
    change.resolve();
  }
}
