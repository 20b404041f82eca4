/** JSON documents whose parts know their lines: a parser of its own, some thirty times faster than that for YAML. */
import type { Located } from "../found/located-value.ts";
import type { Place } from "../found/place.ts";

const DEPTH_LIMIT = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

/** Reads a text that is one JSON value; null when it is not, or nests more than 200 levels deep: then YAML's parser may know. */
export function readJsonDocument(text: string, placeAt: (line: number) => Place): Located | null {
  const reader = new JsonReader(text, placeAt);
  try {
    return reader.whole();
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
}

class NotJson extends Error {}

class JsonReader {
  readonly #text: string;
  readonly #placeAt: (line: number) => Place;
  #at = 0;
  #line = 1;
  #place: Place;

  constructor(text: string, placeAt: (line: number) => Place) {
    this.#text = text;
    this.#placeAt = placeAt;
    this.#place = placeAt(1);
  }

  whole(): Located {
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw new NotJson();
    return value;
  }

  #skip(): void {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x0a) {
        this.#line++;
        this.#place = this.#placeAt(this.#line);
      } else if (code !== 0x20 && code !== 0x09 && code !== 0x0d) return;
    }
  }

  #value(depth: number): Located {
    this.#skip();
    if (depth > DEPTH_LIMIT) throw new NotJson();
    const { file, line } = this.#place;
    const char = this.#text[this.#at];
    if (char === "{") return { file, line, type: "map", entries: this.#entries(depth) };
    if (char === "[") return { file, line, type: "list", items: this.#items(depth) };
    const value = char === '"' ? this.#string() : this.#word();
    const text = typeof value === "string" ? value : value === null ? "" : this.#source;
    return { file, line, type: "scalar", value, text, textLine: line };
  }

  #source = "";

  #entries(depth: number): Map<string, Located> {
    const entries = new Map<string, Located>();
    this.#at++;
    for (let isFirst = true; !this.#takes("}"); isFirst = false) {
      if (!isFirst) this.#expect(",");
      this.#skip();
      const key = this.#string();
      this.#expect(":");
      entries.set(key, this.#value(depth + 1));
    }
    return entries;
  }

  #items(depth: number): Located[] {
    const items: Located[] = [];
    this.#at++;
    for (let isFirst = true; !this.#takes("]"); isFirst = false) {
      if (!isFirst) this.#expect(",");
      items.push(this.#value(depth + 1));
    }
    return items;
  }

  #takes(char: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#takes(char)) throw new NotJson();
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw new NotJson();
    let end = this.#text.indexOf('"', start + 1);
    let isPlain = true;
    // A quote behind an odd number of backslashes is a part of the text.
    while (end >= 0 && this.#text[end - 1] === "\\" && this.#isEscaped(start, end)) {
      end = this.#text.indexOf('"', end + 1);
    }
    if (end < 0) throw new NotJson();
    this.#at = end + 1;
    const raw = this.#text.slice(start + 1, end);
    isPlain = !raw.includes("\\") && !raw.includes("\n");
    return isPlain ? raw : unescaped(raw);
  }

  #isEscaped(start: number, quote: number): boolean {
    let count = 0;
    for (let at = quote - 1; at > start && this.#text[at] === "\\"; at--) count++;
    return count % 2 === 1;
  }

  #word(): number | boolean | null {
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      this.#source = word;
      return value;
    }
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text)?.[0];
    if (number === undefined) throw new NotJson();
    this.#at += number.length;
    this.#source = number;
    return Number(number);
  }
}

function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    throw new NotJson();
  }
}
