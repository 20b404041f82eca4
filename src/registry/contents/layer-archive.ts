import type { Work } from "../../lib/async/turns.ts";
import { CompressionError } from "../../lib/compression/compression-error.ts";
import { decompress } from "../../lib/compression/decompress.ts";
import { TarError } from "../../lib/tar/tar-error.ts";
import { TarReader } from "../../lib/tar/tar-reader.ts";
import type { TarEntry } from "../../lib/tar/tar-entry.ts";

/** How far a layer is read at most. */
export type ReadingBounds = {
  /** Entries of the archive, also those that take the place of others. */
  readonly entries: number;
  readonly unpackedBytes: number;
  readonly elapsedMs: number;
};

/** Why a layer was read no further: a sentence for people. */
export type ReadingEnd = {
  readonly end: "whole" | "entries" | "bytes" | "time" | "damaged";
  readonly why: string | null;
};

/** Something that ends a reading before the archive does. */
class Ended extends Error {
  readonly outcome: ReadingEnd;

  constructor(outcome: ReadingEnd) {
    super(outcome.why ?? "");
    this.outcome = outcome;
  }
}

/** Reads a layer's archive, unpacking it on the way, in turns and within bounds. */
export class LayerArchive {
  unpackedBytes = 0;
  entryCount = 0;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #bounds: ReadingBounds;
  readonly #work: Work;
  readonly #elapsedMs: () => number;

  /** `elapsedMs` counts from any moment on. */
  constructor(source: AsyncIterable<Uint8Array>, bounds: ReadingBounds, work: Work, elapsedMs: () => number) {
    this.#source = source;
    this.#bounds = bounds;
    this.#work = work;
    this.#elapsedMs = elapsedMs;
  }

  /**
   * Calls back for each entry, until that returns false: the reading then counts as whole. A callback that returns a promise
   * may read the entry's content from `tar`. Says why it ended; throws only what the source throws.
   */
  async read(visit: (entry: TarEntry, at: number, tar: TarReader) => boolean | Promise<boolean>): Promise<ReadingEnd> {
    const tar = new TarReader(this.#unpacked());
    try {
      for (let entry = await tar.next(); entry !== null; entry = tar.tryNext() ?? (await tar.next())) {
        if (this.entryCount >= this.#bounds.entries) throw tooMany(this.#bounds.entries);
        const wanted = visit(entry, this.entryCount++, tar);
        if (!(typeof wanted === "boolean" ? wanted : await wanted)) break;
        if (this.#work.isTurnOver) await this.#work.rest();
      }
      return { end: "whole", why: null };
    } catch (error) {
      if (error instanceof Ended) return error.outcome;
      if (!(error instanceof TarError) && !(error instanceof CompressionError)) throw error;
      return { end: "damaged", why: error.message };
    } finally {
      await tar.close();
    }
  }

  async *#unpacked(): AsyncGenerator<Uint8Array> {
    const until = this.#elapsedMs() + this.#bounds.elapsedMs;
    for await (const chunk of decompress(this.#source, { maxBytes: Number.MAX_SAFE_INTEGER })) {
      this.unpackedBytes += chunk.length;
      if (this.unpackedBytes > this.#bounds.unpackedBytes) throw tooLarge(this.#bounds.unpackedBytes);
      if (this.#elapsedMs() > until) throw tooLong(this.#bounds.elapsedMs);
      yield chunk;
      // The decoder can be faster than the loop turns round.
      await this.#work.rest();
    }
  }
}

/** Ends a reading because what it fills is full. */
export function tooMany(entries: number): Error {
  const why = `it has more than ${entries.toLocaleString("en")} entries; the rest was not read`;
  return new Ended({ end: "entries", why });
}

function tooLarge(bytes: number): Error {
  const why = `it unpacks to more than ${Math.round(bytes / 2 ** 30)} GiB; the rest was not read`;
  return new Ended({ end: "bytes", why });
}

function tooLong(elapsedMs: number): Error {
  const why = `reading it took longer than ${Math.round(elapsedMs / 1000)} s; the rest was not read`;
  return new Ended({ end: "time", why });
}
