/** Bits of a stream, the first bit of a byte being its highest, read from a buffer that is refilled between blocks. */
export class BitInput {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #bufferedBytes: number;
  #bytes: Uint8Array = new Uint8Array();
  #position = 0; // in bits
  #isSourceDone = false;

  /** `bufferedBytes`: how much may be read between two calls of `fill`. */
  constructor(source: AsyncIterable<Uint8Array>, bufferedBytes: number) {
    this.#source = source[Symbol.asyncIterator]();
    this.#bufferedBytes = bufferedBytes;
  }

  /** Reads from the source until the buffer holds what may be read, or the source is at its end. */
  async fill(): Promise<void> {
    const rest = this.#bytes.subarray(this.#position >>> 3);
    if (this.#isSourceDone || rest.length >= this.#bufferedBytes) return;
    const parts: Uint8Array[] = [rest];
    let length = rest.length;
    while (length < 2 * this.#bufferedBytes) {
      const next = await this.#source.next();
      if (next.done === true) {
        this.#isSourceDone = true;
        break;
      }
      parts.push(next.value);
      length += next.value.length;
    }
    this.#bytes = Buffer.concat(parts);
    this.#position &= 7;
  }

  /** Is nothing left? Only to be asked after `fill`. */
  get isAtEnd(): boolean {
    return this.#position >= 8 * this.#bytes.length;
  }

  /** Were more bits read than there are? Those read as zeros. */
  get isOverrun(): boolean {
    return this.#position > 8 * this.#bytes.length;
  }

  /** The next `count` bits, at most 24, as a number, without taking them. */
  peek(count: number): number {
    const at = this.#position >>> 3;
    const b = this.#bytes;
    const word = ((b[at] ?? 0) << 24) | ((b[at + 1] ?? 0) << 16) | ((b[at + 2] ?? 0) << 8) | (b[at + 3] ?? 0);
    return count === 0 ? 0 : (word << (this.#position & 7)) >>> (32 - count);
  }

  /** Takes `count` bits. */
  drop(count: number): void {
    this.#position += count;
  }

  /** Takes the next `count` bits, at most 24, as a number. */
  take(count: number): number {
    const value = this.peek(count);
    this.#position += count;
    return value;
  }

  /** Goes on to the next byte's first bit. */
  align(): void {
    this.#position = (this.#position + 7) & ~7;
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
