/**
 * JSON from strangers, read in small steps: a document of a few megabytes can take the runtime's parser most of a second.
 *
 * Only what makes such documents large is cut: the lists that a top-level object holds.
 *
 *   {"layers":[{…},{…},{…}],"x":1}   the document
 *   {"layers":[0],"x":1}             its frame: each list is replaced by its number
 *   [{…},{…}]  [{…}]                 the pieces of list 0
 *
 * The document is JSON just when its frame and all pieces are.
 */

/** Pieces are cut as soon as they have so many characters, or so many values. */
const PIECE_CHARACTERS = 65_536;
const PIECE_TOKENS = 2000;
/** What cannot be cut may have so many values, about: an object with twice as many members takes the parser 50 ms. */
const TOKENS_LIMIT = 20_000;
/** Characters that one step looks at. */
const SCANNED_CHARACTERS = 32_768;

/** A document that is JSON, perhaps, but of a kind that takes too long to read. */
export class JsonTooComplex extends Error {
  override readonly name = "JsonTooComplex";
}

/**
 * Reads a document, one step of a millisecond or so at each `next()`. Throws SyntaxError, and JsonTooComplex for one
 * with tens of thousands of values elsewhere than in the lists of its top level. One of `atOnce` characters is not cut.
 */
export function* jsonSteps(text: string, atOnce = SCANNED_CHARACTERS): Generator<void, unknown, void> {
  if (text.length <= atOnce) return JSON.parse(text);
  const scan = new Scan(text);
  while (scan.advance()) yield;
  const lists: unknown[][] = [];
  for (const pieces of scan.lists) {
    const list: unknown[] = [];
    for (const piece of pieces) {
      const values = JSON.parse(`[${piece}]`) as unknown[];
      // A comma with nothing before or after it lies just where the list was cut.
      if (values.length === 0 && pieces.length > 1) throw new SyntaxError("JSON Parse error: a list has a hole");
      for (const value of values) list.push(value);
      yield;
    }
    lists.push(list);
  }
  const frame: unknown = JSON.parse(scan.frame());
  if (frame === null || typeof frame !== "object" || Array.isArray(frame)) return frame;
  // In a valid frame the only lists of the top level are the numbers that were put there.
  const members = Object.entries(frame).map(([key, value]) => [key, Array.isArray(value) ? lists[value[0]] : value]);
  return Object.fromEntries(members);
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [LEFT_BRACKET, RIGHT_BRACKET, LEFT_BRACE, RIGHT_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Finds the lists of the top level, and cuts them. Looks at brackets, commas and quotes only: the parser sees the rest. */
class Scan {
  readonly lists: string[][] = [];
  readonly #text: string;
  readonly #frame: string[] = [];
  #at = 0;
  #depth = 0;
  #isObject = false;
  #isInString = false;
  /** Where the frame, or the piece of a list, that is being read begins. */
  #since = 0;
  #frameTokens = 0;
  #pieceTokens = 0;
  #list: string[] | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  /** Looks at some more. False when all was looked at. */
  advance(): boolean {
    const end = Math.min(this.#text.length, this.#at + SCANNED_CHARACTERS);
    while (this.#at < end) {
      const code = this.#text.charCodeAt(this.#at);
      if (this.#isInString) {
        if (code === BACKSLASH) this.#at++;
        else if (code === QUOTE) this.#isInString = false;
      } else if (code === QUOTE) this.#isInString = true;
      else if (code === COMMA || code === COLON) this.#separate(code);
      else if (code === LEFT_BRACKET || code === LEFT_BRACE) this.#open(code);
      else if (code === RIGHT_BRACKET || code === RIGHT_BRACE) this.#close(code);
      this.#at++;
    }
    return this.#at < this.#text.length;
  }

  /** The document without its lists. */
  frame(): string {
    if (this.#list !== null) throw new SyntaxError("JSON Parse error: a list does not end");
    return [...this.#frame, this.#text.slice(this.#since)].join("");
  }

  #open(code: number): void {
    this.#count();
    this.#depth++;
    if (this.#depth === 1) this.#isObject = code === LEFT_BRACE;
    if (this.#depth !== 2 || code !== LEFT_BRACKET || !this.#isObject) return;
    this.#frame.push(this.#text.slice(this.#since, this.#at + 1), String(this.lists.length));
    this.#list = [];
    this.lists.push(this.#list);
    this.#since = this.#at + 1;
    this.#pieceTokens = 0;
  }

  #close(code: number): void {
    this.#depth--;
    if (this.#list === null || this.#depth !== 1) return;
    if (code !== RIGHT_BRACKET) throw new SyntaxError("JSON Parse error: a list does not end");
    this.#list.push(this.#text.slice(this.#since, this.#at));
    this.#list = null;
    this.#since = this.#at;
  }

  #separate(code: number): void {
    this.#count();
    if (this.#list === null || this.#depth !== 2 || code !== COMMA) return;
    if (this.#at - this.#since < PIECE_CHARACTERS && this.#pieceTokens < PIECE_TOKENS) return;
    this.#list.push(this.#text.slice(this.#since, this.#at));
    this.#since = this.#at + 1;
    this.#pieceTokens = 0;
  }

  #count(): void {
    const tokens = this.#list === null ? ++this.#frameTokens : ++this.#pieceTokens;
    if (tokens > TOKENS_LIMIT) throw new JsonTooComplex(`more than ${TOKENS_LIMIT} values outside of its lists`);
  }
}
