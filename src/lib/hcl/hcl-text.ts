import { HclError } from "./hcl-syntax.ts";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

/** A text that is read from its beginning to its end. */
export class HclText {
  readonly #text: string;
  #at = 0;
  /** Lines are counted from where they were counted last. */
  #countedAt = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  peek(what: string): boolean {
    return this.#text.startsWith(what, this.#at);
  }

  take(what: string): boolean {
    if (!this.peek(what)) return false;
    this.#at += what.length;
    return true;
  }

  /** What a sticky pattern matches here; null when it does not. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  identifier(): string | null {
    return this.match(/[A-Za-z_][\w-]*/y)?.[0] ?? null;
  }

  next(): string {
    return this.#text[this.#at++] ?? "";
  }

  /** A character of a quoted string, its escape resolved. */
  character(): string {
    const char = this.next();
    if (char !== "\\") return char;
    const code = this.match(/u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})/y);
    if (code === null) {
      const escaped = this.next();
      return ESCAPES[escaped] ?? escaped;
    }
    const point = Number.parseInt(code[1] ?? code[2] ?? "", 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : "";
  }

  /** Passes over blanks and comments, and over ends of lines where these mean nothing. */
  skipSpace(lines: boolean): void {
    const pattern = lines
      ? /(?:\s+|(?:#|\/\/)[^\n]*|\/\*[\s\S]*?\*\/)+/y
      : /(?:[ \t\r]+|\/\*[\s\S]*?\*\/|(?:#|\/\/)[^\n]*)+/y;
    this.match(pattern);
  }

  skipTo(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found < 0 ? this.#text.length : found + end.length;
  }

  /** Passes over the rest of what stands between brackets, strings and all. */
  skipBalanced(open: string, close: string): void {
    for (let depth = 1; depth > 0; ) {
      if (this.isAtEnd()) throw this.error(`${close} is expected`);
      if (this.match(/"(?:[^"\\]|\\.)*"/y) !== null) continue;
      const char = this.next();
      if (char === open) depth++;
      else if (char === close) depth--;
    }
  }

  /** The lines until one that holds nothing but `mark`. */
  linesUntil(mark: string): string[] {
    const lines: string[] = [];
    while (!this.isAtEnd()) {
      const line = this.match(/[^\n]*/y)?.[0] ?? "";
      if (line.trim() === mark) return lines;
      lines.push(line.replace(/\r$/, ""));
      this.take("\n");
    }
    throw this.error(`the here-document ${mark} is not closed`);
  }

  line(): number {
    for (; this.#countedAt < this.#at; this.#countedAt++) if (this.#text[this.#countedAt] === "\n") this.#line++;
    return this.#line;
  }

  error(message: string): HclError {
    return new HclError(this.line(), message);
  }
}
