/** `larder.yaml`: every flag has its key. What is wrong is told with the key and the line. */
import * as v from "valibot";
import { type Document, isMap, isNode, LineCounter, parseDocument } from "yaml";
import { nearestWord } from "../../lib/text/nearest-word.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { tryParseStandIn } from "../../registry/names/stand-ins.ts";
import { fullKey, type Given, type GivenSettings } from "./given-settings.ts";
import { ROWS, type SettingKey, SETTINGS } from "./settings-table.ts";

/** What a file says, and what is wrong with it: `FILE:LINE: …`, in the file's order. What is wrong is not in `given`. */
export type ConfigurationFile = { readonly given: GivenSettings; readonly problems: readonly string[] };

/** Whoever has more to mend than this begins here. */
const MOST_PROBLEMS = 100;
/** More uses of aliases than people write: they multiply. */
const MOST_ALIASES = 100;

/** The keys of the table as they lie in one another. */
type Group = { readonly [key: string]: Group | SettingKey };
const KEYS: Group = groupsOf(ROWS.map(([key]) => key));

/** Reads the text of a configuration file; `path` is for the messages. */
export function parseConfiguration(source: string, path: string): ConfigurationFile {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const given = new Map<string, Given>();
  const done = (): ConfigurationFile => ({ given, problems: describe(problems, path) });
  try {
    const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
    for (const { pos, message } of document.errors) problems.push({ line: () => lines.linePos(pos[0]).line, message });
    if (problems.length > 0) return done();
    const content: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    if (content === null) return done();
    if (isMap(document.contents) && isRecord(content)) {
      new Reader(document, lines, path, given, problems).readGroup(content, KEYS, [], null);
    } else problems.push({ line: () => 1, message: "the file must be a list of keys and values" });
  } catch (error) {
    // Aliases that multiply, lists in lists without an end.
    problems.push({
      line: () => 1,
      message: `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
  return done();
}

type Problem = { readonly line: () => number; readonly message: string };

function describe(problems: readonly Problem[], path: string): readonly string[] {
  const told = problems.slice(0, MOST_PROBLEMS).map(({ line, message }) => ({ line: line(), message }));
  const lines = told.toSorted((a, b) => a.line - b.line).map(({ line, message }) => `${path}:${line}: ${message}`);
  const more = problems.length - told.length;
  return more === 0 ? lines : [...lines, `${path}: and ${more} more`];
}

/** Goes through the file along the table. */
class Reader {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #path: string;
  readonly #given: Map<string, Given>;
  readonly #problems: Problem[];

  constructor(document: Document, lines: LineCounter, path: string, given: Map<string, Given>, problems: Problem[]) {
    this.#document = document;
    this.#lines = lines;
    this.#path = path;
    this.#given = given;
    this.#problems = problems;
  }

  readGroup(
    content: Readonly<Record<string, unknown>>,
    group: Group,
    keys: readonly string[],
    host: Namespace | null,
  ): void {
    for (const [key, value] of Object.entries(content)) {
      const path = [...keys, key];
      const inner = Object.hasOwn(group, key) ? group[key] : undefined;
      const ofHosts = group["HOST"];
      if (typeof ofHosts === "object") this.#readHost(value, ofHosts, path);
      else if (inner === undefined) this.#problem(path, this.#unknown(path, group));
      else if (typeof inner === "string") this.#readValue(value, inner, path, host);
      else if (isRecord(value)) this.readGroup(value, inner, path, host);
      else this.#problem(path, `${path.join(".")} must be a list of keys and values`);
    }
  }

  #readHost(content: unknown, group: Group, path: readonly string[]): void {
    const written = path.at(-1) ?? "";
    const host = tryParseStandIn(written);
    const known = [...this.#given.values()].find((one) => one.host === host && one.origin.kind === "file");
    if (host === null) this.#problem(path, `${path.join(".")} is not the name of a registry's host`);
    else if (!isRecord(content)) this.#problem(path, `${path.join(".")} must be a list of keys and values`);
    else if (known !== undefined) {
      const first = known.origin.kind === "file" ? known.origin.line : 0;
      this.#problem(path, `${path.join(".")} is ${host}, which is there already (line ${first}); keep one of them`);
    } else {
      // To name a registry is to stand in for it.
      if (Object.keys(content).length === 0) this.#say("upstreams.HOST.mirrors", [], path, host);
      this.readGroup(content, group, path, host);
    }
  }

  #readValue(value: unknown, key: SettingKey, path: readonly string[], host: Namespace | null): void {
    const result = v.safeParse(SETTINGS[key].shape.schema, value);
    if (result.success) return this.#say(key, result.output, path, host);
    for (const issue of result.issues) {
      const inner = (issue.path ?? []).map((item) => item.key as string | number);
      this.#problem([...path, ...inner], `${path.join(".")}: ${issue.message}`);
    }
  }

  #say(key: SettingKey, value: unknown, path: readonly string[], host: Namespace | null): void {
    const line = lineOf(this.#document, path, this.#lines);
    this.#given.set(fullKey(key, host), { key, host, value, origin: { kind: "file", path: this.#path, line } });
  }

  #problem(path: readonly (string | number)[], message: string): void {
    this.#problems.push({ line: () => lineOf(this.#document, path, this.#lines), message });
  }

  #unknown(path: readonly string[], group: Group): string {
    const before = path
      .slice(0, -1)
      .map((key) => `${key}.`)
      .join("");
    const [name, known] = [path.at(-1) ?? "", Object.keys(group)];
    const meant = nearestWord(name, known) ?? (before === "" ? (flagsKey(name) ?? null) : null);
    const hint =
      meant === null
        ? ` (there are: ${known.map((key) => before + key).join(", ")})`
        : `; did you mean ${before}${meant}?`;
    return `${JSON.stringify(before + name)} is not a key of the configuration${hint}`;
  }
}

/** The key of what somebody called by its flag: `log-level`, `gcGrace`, `resolver`. */
function flagsKey(name: string): SettingKey | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_.]/g, "");
  const flagOf = (flag: string | null) => plain(/--([\w-]+)/.exec(flag ?? "")?.[1] ?? "");
  return ROWS.find(([key, { flag }]) => [flagOf(flag), plain(key)].includes(plain(name)))?.[0];
}

function groupsOf(keys: readonly SettingKey[]): Group {
  const root: { [key: string]: Group | SettingKey } = {};
  for (const key of keys) {
    let group = root;
    const path = key.split(".");
    for (const part of path.slice(0, -1)) group = (group[part] ??= {}) as typeof root;
    group[path.at(-1) ?? ""] = key;
  }
  return root;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The line of the value at `keys`; for a key, of the key itself. Falls back to the nearest that has a line. */
function lineOf(document: Document, keys: readonly (string | number)[], lines: LineCounter): number {
  for (let length = keys.length; length > 0; length--) {
    const path = keys.slice(0, length);
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const pairs = parent !== null && typeof parent === "object" && "items" in parent ? (parent.items as unknown[]) : [];
    for (const pair of pairs) {
      if (pair === null || typeof pair !== "object" || !("key" in pair) || !isNode(pair.key)) continue;
      if (String(pair.key) === String(path.at(-1)) && pair.key.range) return lines.linePos(pair.key.range[0]).line;
    }
    const node: unknown = document.getIn(path, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
