import { TemplateError } from "./template-value.ts";

const OUTPUT_LIMIT = 32 * 1024 * 1024;

/** What a template prints, with the line of the template that each printed line comes from. */
export class TemplateOutput {
  readonly #parts: string[] = [];
  readonly #lines: number[] = [];
  #length = 0;
  /** The template line that the printed line in the making comes from; null while it is blank. */
  #current: number | null = null;
  /** The template line that was reached. */
  #reached = 1;

  /** Prints text that stands in the template from `line` on. */
  text(text: string, line: number): void {
    this.#print(text, line, 1);
  }

  /** Prints what the action in `line` made. */
  value(text: string, line: number): void {
    this.#print(text, line, 0);
  }

  /** Everything printed. */
  toString(): string {
    return this.#parts.join("");
  }

  /** The template's line for each printed line, the first at index 0. */
  lines(): number[] {
    return [...this.#lines, this.#current ?? this.#reached];
  }

  #print(text: string, line: number, step: 0 | 1): void {
    this.#length += text.length;
    if (this.#length > OUTPUT_LIMIT) throw new TemplateError("the template prints more than 32 MiB", line);
    this.#parts.push(text);
    let at = line;
    let start = 0;
    for (let newline = text.indexOf("\n"); newline >= 0; newline = text.indexOf("\n", start)) {
      if (this.#current === null && newline > start) this.#note(text.slice(start, newline), at);
      this.#lines.push(this.#current ?? at);
      this.#current = null;
      at += step;
      start = newline + 1;
    }
    this.#note(text.slice(start), at);
    this.#reached = at;
  }

  #note(text: string, line: number): void {
    if (this.#current === null && /\S/.test(text)) this.#current = line;
  }
}
