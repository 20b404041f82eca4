import { impossible, type MergeResult, merged, unchanged } from "./merge-result.ts";

/**
 * Adds the strings of the arrays in one JSON object to the arrays of the same names in another, which otherwise stays
 * character for character as it is. script/merge-json.awk does the same on nodes; a test holds the two together.
 *
 * New elements go before the old ones: larder's mirror is to be asked first.
 */
export function mergeJson(text: string, additions: string): MergeResult {
  if (/^[ \t\r\n]*$/.test(text)) return merged(additions);
  const whole = text.endsWith("\n") ? text : `${text}\n`;
  try {
    const insertions = findInsertions(new Scanner(whole).object(), new Scanner(additions).object());
    if (insertions.length === 0) return unchanged();
    // From the back, so that the positions before stay right.
    insertions.sort((a, b) => b.at - a.at);
    return merged(insertions.reduce((result, { at, what }) => result.slice(0, at) + what + result.slice(at), whole));
  } catch (error) {
    if (error instanceof Unclear) return impossible(error.message);
    throw error;
  }
}

type Insertion = { readonly at: number; readonly what: string };

/** An array of an object: where its first element begins, and the white space before that. */
type List = { readonly start: number; readonly gap: string; readonly elements: readonly string[] };

type ObjectParts = {
  /** White space before the first key. */
  readonly gap: string;
  /** Where the last value ends; behind the brace of an empty object. */
  readonly end: number;
  /** By key, as written between the quotes; null for a value that is no list of strings. */
  readonly members: ReadonlyMap<string, List | null>;
};

/** The file cannot be read with certainty. The message is a reason for people. */
class Unclear extends Error {}

function findInsertions(existing: ObjectParts, additions: ObjectParts): Insertion[] {
  const insertions: Insertion[] = [];
  const isEmpty = existing.members.size === 0;
  let added = "";
  for (const [key, list] of additions.members) {
    const wanted = list?.elements ?? [];
    const mine = existing.members.get(key);
    if (mine === undefined) {
      const comma = isEmpty && added === "" ? "" : ",";
      added += `${comma}${isEmpty ? "\n  " : existing.gap}"${key}": [${wanted.map((text) => `"${text}"`).join(", ")}]`;
      continue;
    }
    if (mine === null) throw new Unclear(`its "${key}" is not a list of strings`);
    const missing = wanted.filter((text) => !mine.elements.includes(text)).map((text) => `"${text}"`);
    if (missing.length === 0) continue;
    const tail = mine.elements.length === 0 ? "" : `,${mine.gap}`;
    insertions.push({ at: mine.start, what: missing.join(`,${mine.gap}`) + tail });
  }
  if (added !== "") insertions.push({ at: existing.end, what: isEmpty ? `${added}\n` : added });
  return insertions;
}

/** Reads JSON (RFC 8259) no further than is needed to know where the members of the outermost object stand. */
class Scanner {
  readonly #text: string;
  #spot = 0;

  constructor(text: string) {
    this.#text = text;
  }

  object(): ObjectParts {
    this.#space();
    if (!this.#take("{")) throw new Unclear("it is not a JSON object");
    let end = this.#spot;
    const gap = this.#space();
    const members = new Map<string, List | null>();
    while (!this.#take("}")) {
      if (members.size > 0) this.#expect(",");
      this.#space();
      const key = this.#string();
      if (key.includes("\\")) throw new Unclear(`it has a key with a backslash: ${key}`);
      if (members.has(key)) throw new Unclear(`it has the key "${key}" twice`);
      this.#space();
      this.#expect(":");
      this.#space();
      members.set(key, this.#list());
      end = this.#spot;
      this.#space();
    }
    this.#space();
    if (this.#spot < this.#text.length) throw new Unclear("something follows the JSON object");
    return { gap, end, members };
  }

  /** The list of strings here; null when it is another value, which is passed over. */
  #list(): List | null {
    if (!this.#take("[")) {
      this.#value(1);
      return null;
    }
    const gap = this.#space();
    const start = this.#spot;
    const elements: string[] = [];
    let isStrings = true;
    for (let many = 0; !this.#take("]"); many++) {
      if (many > 0) {
        this.#expect(",");
        this.#space();
      }
      if (this.#text[this.#spot] === '"') elements.push(this.#string().replaceAll("\\/", "/"));
      else {
        isStrings = false;
        this.#value(1);
      }
      this.#space();
    }
    return isStrings ? { start, gap, elements } : null;
  }

  #value(depth: number): void {
    if (depth > 64) throw new Unclear("it is nested too deeply");
    const first = this.#text[this.#spot];
    if (first === '"') {
      this.#string();
      return;
    }
    if (first === "{" || first === "[") {
      this.#spot++;
      this.#inside(first === "{", depth);
      return;
    }
    const literal = /^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)/.exec(
      this.#text.slice(this.#spot),
    );
    if (literal === null) throw this.#invalid();
    this.#spot += literal[0].length;
  }

  #inside(isObject: boolean, depth: number): void {
    this.#space();
    for (let many = 0; !this.#take(isObject ? "}" : "]"); many++) {
      if (many > 0) {
        this.#expect(",");
        this.#space();
      }
      if (isObject) {
        this.#string();
        this.#space();
        this.#expect(":");
        this.#space();
      }
      this.#value(depth + 1);
      this.#space();
    }
  }

  /** The inside of the string here, as it is written. */
  #string(): string {
    if (!this.#take('"')) throw this.#invalid();
    const from = this.#spot;
    for (;;) {
      const character = this.#text[this.#spot];
      if (character === undefined || "\n\r\t".includes(character)) throw new Unclear("a string in it does not end");
      if (character === '"') return this.#text.slice(from, this.#spot++);
      this.#spot += character === "\\" ? 2 : 1;
    }
  }

  #space(): string {
    const from = this.#spot;
    while (" \t\r\n".includes(this.#text[this.#spot] ?? "x")) this.#spot++;
    return this.#text.slice(from, this.#spot);
  }

  #take(character: string): boolean {
    if (this.#text[this.#spot] !== character) return false;
    this.#spot++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#invalid();
  }

  #invalid(): Unclear {
    return new Unclear(`it is not valid JSON near character ${this.#spot + 1}`);
  }
}
