import { ByteReader } from "./byte-reader.ts";
import { type GlobalRecords, type MemberHead, readMemberHead, tryReadMemberHead } from "./read-member-head.ts";
import { expandSparse } from "./sparse-map.ts";
import type { TarEntry } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";

/**
 * Reads the members of an archive one after the other, as `readTar` does, for those who have so many that a promise for
 * each would cost more than all else. What is at hand is got by the methods that begin with `try`:
 *
 *     for (let entry = tar.tryNext() ?? (await tar.next()); entry !== null; entry = tar.tryNext() ?? (await tar.next())) {
 *       for (let left = entry.size; left > 0; ) {
 *         const part = tar.tryContent() ?? (await tar.content());
 *
 * One reader at a time.
 */
export class TarReader {
  readonly #reader: ByteReader;
  readonly #globals: GlobalRecords = new Map();
  #member: MemberHead | null = null;
  /** Bytes of the member's stored data that were not read yet, and behind them those up to the next header. */
  #left = 0;
  #padding = 0;
  #expanded: AsyncIterator<Uint8Array> | null = null;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#reader = new ByteReader(source);
  }

  /** The next member if its headers are at hand; undefined when `next` has to tell. What was not read is passed over. */
  tryNext(): TarEntry | undefined {
    if (!this.#tryPassOver() || this.#globals.size > 0) return undefined;
    const head = tryReadMemberHead(this.#reader);
    return head === null ? undefined : this.#begin(head);
  }

  /** The next member; null at the archive's end. What was not read of the last one is passed over. Throws TarError. */
  async next(): Promise<TarEntry | null> {
    if (!this.#tryPassOver()) await this.#reader.skip(this.#left + this.#padding);
    this.#member = null;
    const head = await readMemberHead(this.#reader, this.#globals);
    return head === null ? null : this.#begin(head);
  }

  /** The next part of the member's content if it is at hand; undefined when `content` has to tell. */
  tryContent(): Uint8Array | undefined {
    if (this.#left === 0 || this.#member?.sparse !== null) return undefined;
    const part = this.#reader.trySome(this.#left) ?? undefined;
    if (part !== undefined) this.#left -= part.length;
    return part;
  }

  /** The next part of the member's content, which has not been read to its end. Throws TarError when the archive ends. */
  async content(): Promise<Uint8Array> {
    const { sparse, entry } = this.#member ?? noMember();
    if (sparse === null) return this.#stored(this.#left);
    this.#expanded ??= expandSparse(sparse, { take: (count) => this.#take(count) })[Symbol.asyncIterator]();
    const next = await this.#expanded.next();
    if (next.done === true) throw new TarError(`the content of ${JSON.stringify(entry.path)} has been read to its end`);
    return next.value;
  }

  /** Reads and drops all that is left, so that a source that checks a digest comes to its end. */
  drain(): Promise<void> {
    return this.#reader.drain();
  }

  /** Lets go of the source. */
  close(): Promise<void> {
    return this.#reader.close();
  }

  #begin(head: MemberHead): TarEntry {
    this.#member = head;
    this.#left = head.storedBytes;
    this.#padding = head.paddingBytes;
    this.#expanded = null;
    return head.entry;
  }

  /** Is the reader at the next header now? */
  #tryPassOver(): boolean {
    const missing = this.#reader.tryPass(this.#left + this.#padding);
    this.#left = 0;
    this.#padding = missing;
    return missing === 0;
  }

  async #stored(max: number): Promise<Uint8Array> {
    const part = max === 0 ? null : await this.#reader.some(max);
    if (part === null) {
      throw new TarError(`the archive is cut short within ${JSON.stringify(this.#member?.entry.path)}`);
    }
    this.#left -= part.length;
    return part;
  }

  async *#take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      const part = await this.#stored(left);
      left -= part.length;
      yield part;
    }
  }
}

function noMember(): never {
  throw new Error("content was asked for before a member");
}
