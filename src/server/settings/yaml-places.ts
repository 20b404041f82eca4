import { type Document, isMap, isNode, isSeq, type LineCounter } from "yaml";

/** A key that a YAML map holds twice, and the line of the second one. */
export type RepeatedKey = { readonly key: string; readonly line: number };

/** The lines of the keys and items of a YAML document. */
export class YamlPlaces {
  readonly #lines: LineCounter;
  readonly #offsets = new Map<string, number>();
  /** The library looks for these in a time that grows with the square of the keys. */
  readonly repeated: RepeatedKey[] = [];

  constructor(document: Document, lines: LineCounter) {
    this.#lines = lines;
    this.#visit(document.contents, "");
  }

  /** The line of what is at `path`; for a key, of the key itself. Falls back to the nearest that has a line. */
  lineOf(path: readonly (string | number)[]): number {
    for (let length = path.length; length > 0; length--) {
      const offset = this.#offsets.get(path.slice(0, length).map(step).join(""));
      if (offset !== undefined) return this.#lines.linePos(offset).line;
    }
    return 1;
  }

  #visit(node: unknown, path: string): void {
    if (isMap(node)) {
      const keys = new Set<string>();
      for (const { key, value } of node.items) {
        const name = isNode(key) ? String(key) : "";
        const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
        if (keys.has(name)) this.repeated.push({ key: name, line: this.#lines.linePos(offset).line });
        keys.add(name);
        this.#offsets.set(path + step(name), offset);
        this.#visit(value, path + step(name));
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        if (isNode(item) && item.range) this.#offsets.set(path + step(index), item.range[0]);
        this.#visit(item, path + step(index));
      }
    }
  }
}

function step(key: string | number): string {
  return `\0${key}`;
}
