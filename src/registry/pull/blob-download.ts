import type { RangeReader } from "../../lib/files/range-reader.ts";
import type { ByteRange } from "../../lib/text/byte-range.ts";

/** A reader takes as much from disk at once at most; what it has taken and not sent on is all the memory it costs. */
const READ_BYTES = 64 * 1024;
/** So much of what came last is in memory, for readers that keep up: they cost no reading at all. */
const RECENT_BYTES = 4 << 20;

/** So many read along; those who come later wait for the file, if it is soon complete. */
const READERS_ALONG = 4;
/** How long a download's speed is measured before it is judged, and how often it is judged again. */
const RATE_SAMPLE_MS = 50;
const LONGEST_WAIT_MS = 3000;

/** Bytes of the blob, from `offset` on. */
type Piece = { readonly offset: number; readonly bytes: Uint8Array };

/** Opens the file that a download is written to; null when it is gone. */
export type OpenReader = () => Promise<RangeReader | null>;

/**
 * A blob's download from upstream to disk, and all clients that read along.
 *
 * The writer tells how far the file has come; each reader goes at its own speed, from the latest chunk or through the
 * file, and waits at the end for more. No reader slows down the writer or another reader, and one that leaves stops
 * nothing. The last byte is withheld until the digest has been checked: no client ever gets a complete blob that is
 * wrong.
 */
export class BlobDownload {
  /** The blob's whole size in bytes. */
  readonly size: number;
  readonly #open: OpenReader;
  readonly #startedMs = performance.now();
  readonly #leftover: number;
  #written: number;
  #readers = 0;
  #outcome: "running" | "complete" | "failed" = "running";
  #failure: unknown = null;
  #change = Promise.withResolvers<void>();
  readonly #recent: Piece[] = [];
  #recentBytes = 0;
  readonly #begun = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();

  constructor(size: number, written: number, open: OpenReader) {
    this.size = size;
    this.#leftover = written;
    this.#written = written;
    this.#open = open;
    // Nobody may be waiting; readers learn of a failure by themselves.
    this.#begun.promise.catch(() => {});
    this.#done.promise.catch(() => {});
  }

  /** How many clients read along. */
  get readers(): number {
    return this.#readers;
  }

  /** How long it has been going on, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** How many bytes are on disk. */
  get written(): number {
    return this.#written;
  }

  /**
   * Resolves when a piece has come that a reader may have (or all of it, and the blob is kept); rejects when the download
   * failed before.
   */
  get begun(): Promise<void> {
    return this.#begun.promise;
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
      // What is all there at once waits for its digest.
      if (position < this.size) this.#begun.resolve();
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
    this.#begun.resolve();
    this.#done.resolve();
    this.#wake();
  }

  /** Told by the writer: there will be no more. */
  fail(error: unknown): void {
    this.#outcome = "failed";
    this.#failure = error;
    this.#begun.reject(error);
    this.#done.reject(error);
    this.#wake();
  }

  /**
   * The content from the beginning, or a range of it, as it comes. It fails when the download does. Null when the
   * download has ended: then the blob is in its place, or is not to be had.
   *
   * Reading along costs a copy of every byte for every reader, a complete file is sent without: a crowd is served
   * sooner, and in less memory, when all but the first few wait for a download that ends soon anyway.
   */
  async read(range: ByteRange | null): Promise<ReadableStream<Uint8Array> | null> {
    const reader = await this.#enter();
    return reader === null ? null : this.#follow(reader, range);
  }

  /** The content, to be read here and there: each piece when it has come. Fails, and is null, as `read`. */
  async open(): Promise<RangeReader | null> {
    const reader = await this.#enter();
    if (reader === null) return null;
    const read = (position: number, length: number) =>
      this.#next(reader, position, Math.min(position + length, this.size));
    return { read, close: () => reader.close() };
  }

  /** The file, for one more reader; null as `read`. */
  async #enter(): Promise<RangeReader | null> {
    if (this.#readers >= READERS_ALONG && (await this.#endsSoon())) return null;
    this.#readers++;
    const reader = await this.#open();
    if (reader === null) {
      this.#readers--;
      return null;
    }
    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => {
      if (closing === null) {
        this.#readers--;
        closing = reader.close();
      }
      return closing;
    };
    return { read: (position, length) => reader.read(position, length), close };
  }

  #follow(reader: RangeReader, range: ByteRange | null): ReadableStream<Uint8Array> {
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

  /** Waits for the end of a download that, at its speed, is not far from it. False: it is, so read along. */
  async #endsSoon(): Promise<boolean> {
    for (const startedMs = performance.now(); this.#outcome === "running"; ) {
      await Promise.race([this.done.catch(() => {}), Bun.sleep(RATE_SAMPLE_MS)]);
      if (this.#remainingMs() > LONGEST_WAIT_MS - (performance.now() - startedMs)) return false;
    }
    return true;
  }

  /** How long the rest takes at the speed so far; infinite before anything came. */
  #remainingMs(): number {
    if (this.#outcome !== "running") return 0;
    return ((this.size - this.#written) * (performance.now() - this.#startedMs)) / (this.#written - this.#leftover);
  }

  /** What stands at `position`, as soon as there is something: out of memory, or else from disk. */
  async #next(reader: RangeReader, position: number, end: number): Promise<Uint8Array> {
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
