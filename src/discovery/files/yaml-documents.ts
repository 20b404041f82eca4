/**
 * YAML and JSON files as documents whose parts know their lines.
 *
 * Documents are parsed one by one: a broken one is named and the others are read. Bounded against hostile files: depth,
 * aliases (a node that is named often is converted once, and "billion laughs" are refused before anybody reads them).
 *
 * Source: YAML 1.2.2; merge keys as YAML 1.1 has them, since Kubernetes' tools read those.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Findings } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import type { Located, LocatedMap } from "../found/located-value.ts";
import { readJsonDocument } from "./json-document.ts";
import { NESTING_LIMIT, nestsTooDeeply } from "../../lib/text/nests-too-deeply.ts";
import { indentContinuations } from "./yaml-indentation.ts";

/** Tells where a line of the text really comes from; rendered templates map their lines back by it. */
export type LineOrigin = (line: number) => Place;

const DEPTH_LIMIT = 200;
const DOCUMENT_LIMIT = 8 * 1024 * 1024;
/** The largest documents have some hundred thousand. */
const WRITTEN_OUT_LIMIT = 1_000_000;

/** A document's text and the line that it begins at. */
export type DocumentText = { readonly text: string; readonly firstLine: number };

/** The origin of lines that are simply those of `file`. */
export function linesOf(file: string): LineOrigin {
  return (line) => ({ file, line });
}

/** Cuts a file at its `---` and `...` lines, which YAML allows nowhere but between documents; JSON between its objects. Empty ones are left out. */
export function splitDocuments(text: string): DocumentText[] {
  const documents: DocumentText[] = [];
  let start = 0;
  let firstLine = 1;
  let line = 1;
  const cut = (end: number) => {
    const part = text.slice(start, end);
    if (/^[ \t]*[^\s#%]/m.test(part.replace(/^(?:---|\.\.\.)/, "   "))) documents.push({ text: part, firstLine });
  };
  const isJson = /^\s*\{/.test(text.slice(0, 1000));
  for (let at = 0; at >= 0 && at < text.length; line++) {
    const isMarked = /^(?:---|\.\.\.)(?:\s|$)/.test(text.slice(at, at + 4));
    if (at > start && (isMarked || (isJson && followsObject(text, at)))) {
      cut(at);
      start = at;
      firstLine = line;
    }
    const newline = text.indexOf("\n", at);
    at = newline < 0 ? -1 : newline + 1;
  }
  cut(text.length);
  return documents;
}

/** JSON objects may follow each other with nothing between them, as in catalogs of operators. */
function followsObject(text: string, at: number): boolean {
  if (text[at] !== "{") return false;
  let before = at - 1;
  while (before >= 0 && /\s/.test(text[before] ?? "")) before--;
  return text[before] === "}";
}

/**
 * Reads one document. Null when it is empty or broken; what is broken is added to `findings` with its line.
 * Lines are counted from `document.firstLine` and given to `origin`.
 */
export function readDocument(document: DocumentText, origin: LineOrigin, findings: Findings): Located | null {
  if (/^\s*[{[]/.test(document.text)) {
    const json = readJsonDocument(document.text, (line) => origin(line + document.firstLine - 1));
    if (json !== null) return json;
  }
  const refusal = refuse(document.text);
  if (refusal !== null) {
    findings.error(origin(document.firstLine), refusal);
    return null;
  }
  const text = document.text.replace(/^\.\.\./, "---");
  const strict = parse(text);
  const broken = strict.parsed.errors[0];
  const reading = broken === undefined ? strict : parse(indentContinuations(text));
  const { parsed, lines } = reading;
  const lineAt = (offset: number) => lines.linePos(offset).line + document.firstLine - 1;
  if (broken !== undefined && parsed.errors.length > 0) {
    // What is missing at the end is missing in the last line that has something.
    const at = Math.min(broken.pos[0], Math.max(text.trimEnd().length - 1, 0));
    const line = strict.lines.linePos(at).line + document.firstLine - 1;
    findings.error(origin(line), `the YAML is broken: ${broken.message}`);
    return null;
  }
  if (parsed.contents === null) return null;
  const converted = new Conversion(reading.text, lineAt, origin).convert(parsed.contents, 0);
  if (!text.includes("&") || writtenOut(converted, new Map()) <= WRITTEN_OUT_LIMIT) return converted;
  const limit = WRITTEN_OUT_LIMIT.toLocaleString("en");
  findings.error(origin(document.firstLine), `its aliases stand for more than ${limit} values; it was not read`);
  return null;
}

/** How many values there are when each alias is what it stands for: whoever reads goes through them all. */
function writtenOut(value: Located, known: Map<Located, number>): number {
  if (value.type === "scalar") return 1;
  const counted = known.get(value);
  if (counted !== undefined) return counted;
  let count = 1;
  for (const inner of value.type === "list" ? value.items : value.entries.values()) count += writtenOut(inner, known);
  known.set(value, count);
  return count;
}

/** Reads all documents of a text. */
export function readDocuments(text: string, origin: LineOrigin, findings: Findings): Located[] {
  return splitDocuments(text).flatMap((document) => readDocument(document, origin, findings) ?? []);
}

function parse(text: string) {
  const lines = new LineCounter();
  const options = { lineCounter: lines, uniqueKeys: false, logLevel: "silent", prettyErrors: false } as const;
  return { text, lines, parsed: parseDocument(text, options) };
}

/** Why a text is not given to the parser, which takes a hundred times its size in memory and calls itself for each level. */
function refuse(text: string): string | null {
  if (text.length > DOCUMENT_LIMIT)
    return `the document is longer than ${DOCUMENT_LIMIT >> 20} MiB: cut it with --- lines, or give it as JSON`;
  return nestsTooDeeply(text) ? `the YAML nests more than ${NESTING_LIMIT} levels deep; it was not read` : null;
}

class Conversion {
  readonly #anchors = new Map<string, Node>();
  readonly #text: string;
  readonly #lineAt: (offset: number) => number;
  readonly #placeOf: LineOrigin;
  readonly #converted = new Map<Node, Located>();
  readonly #open = new Set<Node>();

  /** `lineAt` gives the line of an offset in the text, `placeOf` where that line really comes from. */
  constructor(text: string, lineAt: (offset: number) => number, placeOf: LineOrigin) {
    this.#text = text;
    this.#lineAt = lineAt;
    this.#placeOf = placeOf;
  }

  convert(node: unknown, depth: number): Located {
    const place = this.#placeOf(this.#lineAt((node as Node | null)?.range?.[0] ?? 0));
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      return target === undefined ? { ...place, ...NULL } : this.convert(target, depth + 1);
    }
    // A node that holds itself through an alias, or lies too deep, ends as null: no manifest is like that.
    if (depth > DEPTH_LIMIT || !(isMap(node) || isSeq(node) || isScalar(node))) return { ...place, ...NULL };
    const known = this.#converted.get(node);
    if (known !== undefined) return known;
    if (this.#open.has(node)) return { ...place, ...NULL };
    this.#open.add(node);
    // Nodes are met in the order of the text, so that a name that is given twice means what it means there.
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const converted = this.#convertNode(node, place, depth);
    this.#open.delete(node);
    this.#converted.set(node, converted);
    return converted;
  }

  #convertNode(node: Node, place: Place, depth: number): Located {
    if (isSeq(node)) return { ...place, type: "list", items: node.items.map((item) => this.convert(item, depth + 1)) };
    if (isMap(node)) return this.#convertMap(node.items, place, depth);
    if (!isScalar(node)) return { ...place, ...NULL };
    const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
    const textLine = isBlock && place.line !== null ? place.line + 1 : place.line;
    const value = typeof node.value === "object" || node.value === undefined ? null : node.value;
    const plain = typeof value === "bigint" ? String(value) : (value as string | number | boolean | null);
    const text = typeof plain === "string" ? plain : plain === null ? "" : (node.source ?? String(plain));
    const scalar = { ...place, type: "scalar", value: plain, text, textLine } as const;
    if (node.type !== "BLOCK_LITERAL") return scalar;
    const header = this.#lineAt(node.range?.[0] ?? 0);
    return { ...scalar, textPlace: (line) => this.#placeOf(header + line) };
  }

  #convertMap(pairs: readonly { key: unknown; value: unknown }[], place: Place, depth: number): LocatedMap {
    const entries = new Map<string, Located>();
    const merged: Located[] = [];
    for (const { key, value } of pairs) {
      // `image: {{ x }}` outside of a chart reads as a map in a map; the text tells what it was.
      const name = isScalar(key) ? String(key.value) : this.#source(key);
      const converted = this.convert(value, depth + 1);
      if (name === "<<" && isScalar(key)) merged.push(...(converted.type === "list" ? converted.items : [converted]));
      else entries.set(name, converted);
    }
    for (const base of merged) {
      if (base.type !== "map") continue;
      for (const [name, value] of base.entries) if (!entries.has(name)) entries.set(name, value);
    }
    return { ...place, type: "map", entries };
  }

  #source(node: unknown): string {
    const range = (node as Node | null)?.range;
    return range ? this.#text.slice(range[0], range[1]) : "";
  }
}

const NULL = { type: "scalar", value: null, text: "", textLine: null } as const;
