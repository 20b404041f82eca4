import { ByteReader } from "./byte-reader.ts";
import { type GlobalRecords, type MemberHead, readMemberHead } from "./read-member-head.ts";
import { expandSparse } from "./sparse-map.ts";
import type { TarMember } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";

/**
 * Reads an uncompressed tar archive: v7, ustar, pax (POSIX.1-2001), GNU with long names, all four GNU sparse forms
 * (given expanded), numbers in base 256.
 *
 * A member's body is read as somebody reads it, once, before the next member is asked for; what nobody reads is passed
 * over. Chunks are views that stay valid. Memory is one chunk of `source` and one member's headers (1 MiB at most).
 * What is behind the archive's end is read and dropped, so that a source that checks a digest comes to its end; ending
 * the loop early closes the source. Throws TarError for what is not an archive, is cut short, or is damaged; an empty
 * source is an empty archive. Paths are not checked: see TarEntry.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const reader = new ByteReader(source);
  const globals: GlobalRecords = new Map();
  try {
    for (
      let head = await readMemberHead(reader, globals);
      head !== null;
      head = await readMemberHead(reader, globals)
    ) {
      const content = new MemberContent(reader, head);
      yield { entry: head.entry, body: head.entry.size === 0 ? null : content.body() };
      await content.passOver();
    }
    await reader.drain();
  } finally {
    await reader.close();
  }
}

/** The stored bytes of the member that the reader stands at. */
class MemberContent {
  readonly #reader: ByteReader;
  readonly #head: MemberHead;
  #left: number;
  #isPassed = false;

  constructor(reader: ByteReader, head: MemberHead) {
    this.#reader = reader;
    this.#head = head;
    this.#left = head.storedBytes;
  }

  body(): AsyncIterable<Uint8Array> {
    const { sparse, storedBytes } = this.#head;
    return sparse === null ? this.take(storedBytes) : expandSparse(sparse, this);
  }

  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      if (this.#isPassed) throw new TarError(`the body of ${JSON.stringify(this.#head.entry.path)} has gone by`);
      const part = await this.#reader.some(left);
      if (part === null) throw new TarError(`the archive is cut short within ${JSON.stringify(this.#head.entry.path)}`);
      left -= part.length;
      this.#left -= part.length;
      yield part;
    }
  }

  /** Goes to where the next member's headers begin. */
  async passOver(): Promise<void> {
    this.#isPassed = true;
    await this.#reader.skip(this.#left + this.#head.paddingBytes);
    this.#left = 0;
  }
}
