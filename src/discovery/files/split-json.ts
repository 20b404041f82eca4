/**
 * JSON of any size, cut into documents as it comes: the elements of a list of Kubernetes' (`items`) or of an array, each
 * by itself, and what is around them. No more than one of them is in memory.
 */
import type { DocumentText } from "./yaml-documents.ts";

/** Nothing that names images is larger; etcd takes 1.5 MiB. */
const PART_LIMIT = 32 * 1024 * 1024;

/** Thrown when one element, or what is around the elements, is too large. */
export class JsonPartTooLarge extends Error {
  readonly line: number;

  constructor(line: number) {
    super(`one part of it is larger than ${PART_LIMIT >> 20} MiB`);
    this.line = line;
  }
}

const [QUOTE, BACKSLASH, COMMA, NEWLINE] = [0x22, 0x5c, 0x2c, 0x0a];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Cuts JSON text that comes in pieces. What is no JSON is cut somehow; whoever parses it says so. */
export async function* splitJson(pieces: AsyncIterable<string>): AsyncGenerator<DocumentText> {
  const splitter = new JsonSplitter();
  for await (const piece of pieces) yield* splitter.push(piece);
  yield* splitter.end();
}

class JsonSplitter {
  #depth = 0;
  #line = 1;
  #isInString = false;
  #isEscaped = false;
  /** The last string at the top of the outermost map, as far as it can be `items`. */
  #key = "";
  /** How deep the elements lie that are documents; 0: nowhere. */
  #elementDepth = 0;
  #isInElement = false;
  readonly #around = new Part();
  readonly #element = new Part();

  push(piece: string): DocumentText[] {
    const documents: DocumentText[] = [];
    let from = 0;
    const keep = (to: number) => {
      (this.#isInElement ? this.#element : this.#around).add(piece.slice(from, to), this.#line);
      from = to;
    };
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (code === NEWLINE) this.#line++;
      if (this.#isInString) this.#inString(code);
      else if (code === QUOTE) {
        this.#isInString = true;
        if (this.#depth === 1) this.#key = "";
      } else if (code === OPEN_MAP || code === OPEN_LIST) {
        if (this.#depth === this.#elementDepth && this.#depth > 0 && !this.#isInElement && code === OPEN_MAP) {
          keep(at);
          this.#isInElement = true;
          this.#element.begin(this.#line);
        }
        this.#open(code);
      } else if (code === CLOSE_MAP || code === CLOSE_LIST) {
        this.#depth--;
        if (this.#isInElement && this.#depth === this.#elementDepth) {
          keep(at + 1);
          documents.push(this.#element.take());
          this.#isInElement = false;
        } else if (!this.#isInElement && this.#depth < this.#elementDepth) this.#elementDepth = 0;
        if (this.#depth <= 0) {
          keep(at + 1);
          documents.push(this.#around.take());
          this.#depth = 0;
        }
      } else if (code === COMMA && this.#depth === this.#elementDepth && this.#depth > 0 && !this.#isInElement) {
        // Between elements that are taken out nothing is left to be kept apart.
        keep(at);
        from = at + 1;
      }
    }
    keep(piece.length);
    return documents;
  }

  end(): DocumentText[] {
    return this.#around.isEmpty() ? [] : [this.#around.take()];
  }

  #inString(code: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (code === BACKSLASH) this.#isEscaped = true;
    else if (code === QUOTE) this.#isInString = false;
    else if (this.#depth === 1 && this.#key.length < 8) this.#key += String.fromCharCode(code);
  }

  #open(code: number): void {
    if (this.#depth === 0) {
      this.#around.begin(this.#line);
      if (code === OPEN_LIST) this.#elementDepth = 1;
    } else if (this.#depth === 1 && code === OPEN_LIST && this.#key === "items") this.#elementDepth = 2;
    this.#depth++;
  }
}

/** Text that is gathered, and the line that it begins at. */
class Part {
  #pieces: string[] = [];
  #length = 0;
  #firstLine = 1;

  begin(line: number): void {
    if (this.isEmpty()) this.#firstLine = line;
  }

  add(text: string, line: number): void {
    // Blanks alone begin nothing.
    if (text === "" || (this.#length === 0 && text.trim() === "")) return;
    this.#pieces.push(text);
    this.#length += text.length;
    if (this.#length > PART_LIMIT) throw new JsonPartTooLarge(line);
  }

  isEmpty(): boolean {
    return this.#length === 0;
  }

  take(): DocumentText {
    const text = this.#pieces.join("");
    this.#pieces = [];
    this.#length = 0;
    return { text, firstLine: this.#firstLine };
  }
}
