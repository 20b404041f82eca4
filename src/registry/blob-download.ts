import type { ByteRange } from "../lib/byte-range.ts";
import type { UploadReader } from "../storage/blobs.ts";

/** A reader takes as much from disk at once at most; what it has taken and not sent on is all the memory it costs. */
const READ_BYTES = 64 * 1024;
/** So much of what came last is in memory, for readers that keep up: they cost no reading at all. */
const RECENT_BYTES = 4 << 20;

/** Bytes of the blob, from `offset` on. */
type Piece = { readonly offset: number; readonly bytes: Uint8Array };

/** Opens the file that a download grows in; null when it is there no more. */
export type OpenReader = () => Promise<UploadReader | null>;

/**
 * A blob on its way from upstream to disk, and everyone who reads along.
 *
 * The writer tells how far the file has come; each reader goes at its own speed, by what came last or through the file,
 * and waits at its end for more. No reader holds up the writer or another reader, and one that leaves stops nothing. The last bytes are held
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
  readonly #recent: Piece[] = [];
  #recentBytes = 0;
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

  /** What comes from upstream, from `offset` on, on its way to the writer: readers that keep up see it here. */
  async *watch(chunks: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array, void, void> {
    let position = offset;
    for await (const bytes of chunks) {
      this.#recent.push({ offset: position, bytes });
      this.#recentBytes += bytes.byteLength;
      while (this.#recentBytes > RECENT_BYTES) this.#recentBytes -= this.#recent.shift()?.bytes.byteLength ?? 0;
      position += bytes.byteLength;
      this.#wake();
      yield bytes;
    }
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
        const chunk = await this.#next(reader, position, end);
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

  /** What stands at `position`, as soon as there is something: out of memory, or else from disk. */
  async #next(reader: UploadReader, position: number, end: number): Promise<Uint8Array> {
    for (;;) {
      if (this.#outcome === "failed") throw this.#failure;
      const isComplete = this.#outcome === "complete";
      // The last byte waits for the digest, and until the blob is in its place: who has read it all may rely on it.
      const limit = isComplete ? end : Math.min(end, this.size - 1);
      const recent = this.#recall(position, limit);
      if (recent !== null) return recent;
      const readable = Math.min(limit, this.#written);
      if (readable > position || isComplete) {
        return reader.read(position, Math.min(READ_BYTES, readable - position));
      }
      await this.#change.promise;
    }
  }

  #recall(position: number, limit: number): Uint8Array | null {
    if (position >= limit) return null;
    const piece = this.#recent.findLast(({ offset }) => offset <= position);
    if (piece === undefined || position >= piece.offset + piece.bytes.byteLength) return null;
    return piece.bytes.subarray(position - piece.offset, limit - piece.offset);
  }

  #wake(): void {
    const change = this.#change;
    this.#change = Promise.withResolvers();
    change.resolve();
  }
}
