/** The YAML of config.yml and of variables, as registry:2 reads it: YAML 1.1, with anchors and merge keys. */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, type Document, parseDocument } from "yaml";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { Origin } from "../settings/given-settings.ts";
import { type ConfigNode, emptyMap } from "./config-node.ts";

/** More than people write; aliases multiply. */
const MOST_NODES = 20_000;
const DEEPEST = 50;
const LONGEST = 256 * 1024;
/** Texts that YAML 1.1 takes for times and sexagesimal numbers, and registry:2 does not. */
const UNWANTED = new Set(["tag:yaml.org,2002:timestamp"]);

/**
 * Reads YAML; null when it says nothing. `originAt` gives the place of a line. Throws an Error that says what is wrong, with
 * `atLine` as its line.
 */
export function parseConfig(source: string, originAt: (line: number) => Origin): ConfigNode | null {
  if (source.length > LONGEST) throw new ConfigSyntaxError(1, `it is longer than ${LONGEST / 1024} KiB`);
  if (/[\0\uFFFD]/.test(source)) throw new ConfigSyntaxError(1, "it is not text in UTF-8");
  const lines = new LineCounter();
  const document = parseDocument(source, {
    version: "1.1",
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: "error",
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === "string" || (!UNWANTED.has(tag.tag) && tag.format !== "TIME")),
  });
  const [first] = document.errors;
  if (first !== undefined) {
    const several = first.code === "MULTIPLE_DOCS" ? "it holds several documents; keep one" : first.message;
    throw new ConfigSyntaxError(lines.linePos(first.pos[0]).line, several);
  }
  const { contents } = document;
  if (contents === null) return null;
  return new Reader(document, lines, originAt).read(contents, originAt(1), 0);
}

/** What is wrong with the YAML, and where. */
export class ConfigSyntaxError extends Error {
  readonly atLine: number;
  constructor(atLine: number, message: string) {
    super(message);
    this.atLine = atLine;
  }
}

class Reader {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #originAt: (line: number) => Origin;
  #left = MOST_NODES;

  constructor(document: Document, lines: LineCounter, originAt: (line: number) => Origin) {
    this.#document = document;
    this.#lines = lines;
    this.#originAt = originAt;
  }

  read(node: Node, origin: Origin, depth: number): ConfigNode {
    if (--this.#left < 0)
      throw new ConfigSyntaxError(this.#lineOf(node), "it has too many values: its aliases multiply");
    if (depth > DEEPEST) throw new ConfigSyntaxError(this.#lineOf(node), "its values lie too deep in one another");
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) throw new ConfigSyntaxError(this.#lineOf(node), `there is no anchor &${node.source}`);
      return this.read(target, origin, depth + 1);
    }
    if (isMap(node)) return this.#readMap(node, origin, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) =>
        isNode(item) ? this.read(item, this.#originOf(item, origin), depth + 1) : nothing(origin),
      );
      return { kind: "list", items, origin };
    }
    return isScalar(node) ? scalar(node.value, node.source, origin) : nothing(origin);
  }

  #readMap(
    node: Node & { readonly items: readonly { key: unknown; value: unknown }[] },
    origin: Origin,
    depth: number,
  ) {
    const map = emptyMap(origin);
    const merged: ConfigNode[] = [];
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? (key.source ?? String(key.value)) : String(key);
      const place = isNode(key) ? this.#originOf(key, origin) : origin;
      const read = isNode(value) ? this.read(value, place, depth + 1) : nothing(place);
      if (name === "<<") merged.push(...(read.kind === "list" ? read.items : [read]));
      else if (map.entries.has(name))
        throw new ConfigSyntaxError(lineIn(place), `${name} stands here twice; keep one of them`);
      else map.entries.set(name, read);
    }
    for (const other of merged) {
      if (other.kind !== "map") throw new ConfigSyntaxError(lineIn(origin), "<< takes a list of keys and values");
      for (const [name, value] of other.entries) if (!map.entries.has(name)) map.entries.set(name, value);
    }
    return map;
  }

  #originOf(node: Node, fallback: Origin): Origin {
    return node.range ? this.#originAt(this.#lineOf(node)) : fallback;
  }

  #lineOf(node: Node): number {
    return this.#lines.linePos(node.range?.[0] ?? 0).line;
  }
}

function scalar(value: unknown, source: string | undefined, origin: Origin): ConfigNode {
  if (value === null || value === undefined) return nothing(origin);
  const plain = typeof value === "number" || typeof value === "boolean" ? value : textOf(value);
  return { kind: "scalar", value: plain, text: typeof plain === "string" ? plain : (source ?? String(plain)), origin };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function nothing(origin: Origin): ConfigNode {
  return { kind: "scalar", value: null, text: "", origin };
}

function lineIn(origin: Origin): number {
  return origin.kind === "file" ? origin.line : 1;
}

/** What is wrong with YAML, in words. */
export function describeSyntax(error: unknown): string {
  return error instanceof ConfigSyntaxError ? error.message : describeFailure(error);
}
