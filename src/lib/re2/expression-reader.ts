import { ExpressionError } from "./expression-tree.ts";

const ESCAPES: Readonly<Record<string, number>> = { a: 0x07, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b };

/** An expression's text and how far it was read. */
export class ExpressionReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Does `char` come next? */
  at(char: string): boolean {
    return this.#text[this.#at] === char;
  }

  /** Takes `char` when it comes next. */
  take(char: string): boolean {
    const isNext = this.at(char);
    if (isNext) this.#at++;
    return isNext;
  }

  /** The next character, which stays; empty at the end. */
  peek(): string {
    const codePoint = this.#text.codePointAt(this.#at);
    return codePoint === undefined ? "" : String.fromCodePoint(codePoint);
  }

  /** Takes the next character. Throws at the end. */
  next(): string {
    const char = this.peek();
    if (char === "") throw this.error("it ends too early");
    this.#at += char.length;
    return char;
  }

  /** Takes what the sticky `form` matches here; null, and nothing taken, when it does not. */
  match(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text);
    if (found !== null) this.#at = form.lastIndex;
    return found;
  }

  /** The code point that is written behind a backslash, which was taken. Throws when RE2 knows no such escape. */
  escapedCharacter(): number {
    const hex = this.match(/x(?:([\da-fA-F]{2})|\{([\da-fA-F]{1,6})\})/y);
    const octal = hex === null ? this.match(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y) : null;
    if (hex !== null || octal !== null) {
      const codePoint =
        hex === null ? Number.parseInt(octal?.[0] ?? "0", 8) : Number.parseInt(hex[1] ?? hex[2] ?? "", 16);
      if (codePoint > 0x10ffff) throw this.error("there is no such character");
      return codePoint;
    }
    const char = this.next();
    const known = ESCAPES[char];
    if (known !== undefined) return known;
    if (/[A-Za-z0-9]/.test(char)) throw this.error(`the escape \\${char} is not in RE2's syntax`);
    return char.codePointAt(0) ?? 0;
  }

  /** An error that quotes the expression. */
  error(message: string): ExpressionError {
    return new ExpressionError(`the expression ${JSON.stringify(this.#text.slice(0, 80))} is broken: ${message}`);
  }
}
