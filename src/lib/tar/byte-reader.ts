import { TarError } from "./tar-error.ts";

const EMPTY = new Uint8Array();

/** Reads a stream by counts of bytes. One reader at a time; nothing is read ahead of the chunk in hand. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = EMPTY;
  /** Where in the chunk the next byte is. */
  #position = 0;
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** How many bytes were handed out or skipped. */
  get offset(): number {
    return this.#offset;
  }

  /** The next `count` bytes if they are at hand, in one chunk; null when they have to be waited for. */
  tryRead(count: number): Uint8Array | null {
    return this.#chunk.length - this.#position >= count ? this.#shift(count) : null;
  }

  /** The next bytes that are at hand, at most `max`; null when there are none. */
  trySome(max: number): Uint8Array | null {
    const atHand = this.#chunk.length - this.#position;
    return atHand === 0 ? null : this.#shift(Math.min(max, atHand));
  }

  /** Passes over the next `count` bytes, as far as they are at hand. Returns how many are not. */
  tryPass(count: number): number {
    const passed = Math.min(count, this.#chunk.length - this.#position);
    this.#position += passed;
    this.#offset += passed;
    return count - passed;
  }

  /** Takes back the last `count` bytes, which `tryRead` gave. */
  takeBack(count: number): void {
    if (count > this.#position) throw new Error("only bytes of the chunk in hand can be taken back");
    this.#position -= count;
    this.#offset -= count;
  }

  /** The next `count` bytes; null when the stream is at its end. Throws TarError when it ends within them. */
  async read(count: number): Promise<Uint8Array | null> {
    if (this.#chunk.length - this.#position >= count) return this.#shift(count);
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part === null && parts.length === 0) return null;
      if (part === null) throw this.#cutShort();
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** The next bytes, at most `max` and at least one; null when the stream is at its end. */
  async some(max: number): Promise<Uint8Array | null> {
    return (await this.#refill()) ? this.#shift(Math.min(max, this.#chunk.length - this.#position)) : null;
  }

  /** The next `count` bytes in pieces. Throws TarError when the stream ends before. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      const part = await this.some(left);
      if (part === null) throw this.#cutShort();
      left -= part.length;
      yield part;
    }
  }

  /** Passes over `count` bytes. Throws TarError when the stream ends before. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      if (this.#position === this.#chunk.length && !(await this.#refill())) throw this.#cutShort();
      const passed = Math.min(left, this.#chunk.length - this.#position);
      this.#position += passed;
      this.#offset += passed;
      left -= passed;
    }
  }

  /** Passes over all that is left, so that whoever checks the source's digest or checksum sees its end. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== null);
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Makes sure that a byte is at hand; false at the stream's end. */
  async #refill(): Promise<boolean> {
    while (this.#position === this.#chunk.length) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
      this.#position = 0;
    }
    return true;
  }

  #shift(count: number): Uint8Array {
    const part = this.#chunk.subarray(this.#position, this.#position + count);
    this.#position += count;
    this.#offset += count;
    return part;
  }

  #cutShort(): TarError {
    return new TarError(`the archive is cut short: it ends at byte ${this.#offset}, within a member`);
  }
}
