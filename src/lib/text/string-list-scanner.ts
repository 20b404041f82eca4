/** Strings of the list, or of the top level's keys, may have so many bytes; a longer one is passed over. */
const LONGEST_BYTES = 1024;

const [QUOTE, COMMA, COLON, BACKSLASH, LETTER_N] = [0x22, 0x2c, 0x3a, 0x5c, 0x6e];
const [LEFT_BRACKET, RIGHT_BRACKET, LEFT_BRACE, RIGHT_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Finds one list of strings in a JSON object that comes in pieces, and keeps nothing else of it:
 *
 *     {"name":"a/b","manifest":{…megabytes…},"tags":["1.0","1.1"]}
 *
 * Some registries send what they know of every manifest along with a list of tags. What is passed over is not checked.
 */
export class StringListScanner {
  readonly #key: string;
  readonly #found: string[] = [];
  #depth = 0;
  #hasEnded = false;
  #isInString = false;
  #isEscaped = false;
  /** Is the string that is being read a key of the top level, or one of the list? Its bytes are kept then. */
  #isKept = false;
  #lastKey: string | null = null;
  #isValueNext = false;
  #isInList = false;
  readonly #bytes = Buffer.alloc(LONGEST_BYTES);
  #length = 0;

  /** `key` is where the list is in the object. */
  constructor(key: string) {
    this.#key = key;
  }

  /** How many strings have been found. */
  get count(): number {
    return this.#found.length;
  }

  /** Reads on. Throws SyntaxError when this is no object, or the list holds anything but strings. */
  push(piece: Uint8Array): void {
    for (let at = 0; at < piece.byteLength; ) {
      if (this.#isInString) at = this.#readString(piece, at);
      else this.#readStructure(piece[at++] as number);
    }
  }

  /** The strings of the list, in their order; none where it is null or missing. Throws SyntaxError when the object has not ended. */
  end(): readonly string[] {
    if (!this.#hasEnded) throw new SyntaxError("the JSON object does not end");
    return this.#found;
  }

  /** Most bytes are within strings: from quote to quote. Returns where to go on. */
  #readString(piece: Uint8Array, start: number): number {
    const quote = piece.indexOf(QUOTE, start);
    const end = quote < 0 ? piece.byteLength : quote;
    let backslashes = 0;
    while (end - backslashes > start && piece[end - backslashes - 1] === BACKSLASH) backslashes++;
    const carried = end - backslashes === start && this.#isEscaped ? 1 : 0;
    this.#isEscaped = (backslashes + carried) % 2 === 1;
    this.#keep(piece, start, end);
    if (quote < 0) return end;
    if (!this.#isEscaped) this.#endString();
    else this.#keep(piece, quote, quote + 1);
    this.#isEscaped = false;
    return quote + 1;
  }

  #keep(piece: Uint8Array, start: number, end: number): void {
    if (!this.#isKept) return;
    if (this.#length + end - start <= LONGEST_BYTES) this.#bytes.set(piece.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  #beginString(): void {
    if (this.#depth === 1 && this.#isValueNext) this.#refuseValue();
    this.#isInString = true;
    this.#isKept = (this.#depth === 1 && !this.#isValueNext) || (this.#isInList && this.#depth === 2);
    this.#length = 0;
  }

  #endString(): void {
    this.#isInString = false;
    if (!this.#isKept) return;
    const text = this.#length > LONGEST_BYTES ? null : unquoted(this.#bytes.toString("utf8", 0, this.#length));
    if (this.#depth === 1) this.#lastKey = text;
    else if (text !== null) this.#found.push(text);
  }

  #readStructure(byte: number): void {
    if (byte <= 0x20) return;
    if (this.#hasEnded || (this.#depth === 0 && byte !== LEFT_BRACE)) throw new SyntaxError("not a JSON object");
    if (byte === QUOTE) this.#beginString();
    else if (byte === LEFT_BRACE || byte === LEFT_BRACKET) this.#open(byte);
    else if (byte === RIGHT_BRACE || byte === RIGHT_BRACKET) this.#close();
    else if (byte === COLON) this.#isValueNext ||= this.#depth === 1;
    else if (byte === COMMA) this.#isValueNext &&= this.#depth !== 1;
    else this.#readLiteral(byte);
  }

  #open(byte: number): void {
    if (this.#isInList) throw new SyntaxError(`${this.#key} is no list of strings`);
    if (this.#depth === 1) {
      if (byte === LEFT_BRACE) this.#refuseValue();
      this.#isInList = byte === LEFT_BRACKET && this.#lastKey === this.#key;
    }
    this.#depth++;
  }

  #close(): void {
    this.#depth--;
    if (this.#depth === 1) this.#isInList = false;
    this.#hasEnded = this.#depth === 0;
  }

  /** `null` stands for an empty list. */
  #readLiteral(byte: number): void {
    if (this.#isInList) throw new SyntaxError(`${this.#key} is no list of strings`);
    if (this.#depth !== 1) return;
    if (byte !== LETTER_N) this.#refuseValue();
    // What follows of the literal is of no interest.
    this.#lastKey = null;
  }

  #refuseValue(): void {
    if (this.#lastKey === this.#key) throw new SyntaxError(`${this.#key} is no list`);
  }
}

/** Throws SyntaxError. */
function unquoted(text: string): string {
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}
