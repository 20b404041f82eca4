/** `larder.yaml`: every flag has its key. What is wrong is told with the key and the line. */
import * as v from "valibot";
import { isMap, LineCounter, parseDocument } from "yaml";
import { nearestWord } from "../../lib/text/nearest-word.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { tryParseStandIn } from "../../registry/names/stand-ins.ts";
import { fullKey, type Given, type GivenSettings } from "./given-settings.ts";
import { ROWS, type SettingKey, SETTINGS } from "./settings-table.ts";
import { YamlPlaces } from "./yaml-places.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/**
 * The settings of a configuration file, and its problems: `FILE:LINE: …`, in the file's order. A value with a problem
 * is not in `given`.
 */
export type ConfigurationFile = { readonly given: GivenSettings; readonly problems: readonly string[] };

/** Whoever has more to mend than this begins here. */
const MOST_PROBLEMS = 100;
const LONGEST = 256 * 1024;
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
  const unread = whyUnread(source);
  if (unread !== null) return { given, problems: [`${path}:1: ${unread}`] };
  try {
    const document = parseDocument(source, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: "error",
    });
    const places = new YamlPlaces(document, lines);
    for (const { code, pos, message } of document.errors) {
      const words =
        code === "MULTIPLE_DOCS" ? "the file holds several documents; keep one, without --- in between" : message;
      problems.push({ line: () => lines.linePos(pos[0]).line, message: () => words });
    }
    for (const { key, line } of places.repeated)
      problems.push({ line: () => line, message: () => `${key} stands here twice; keep one of them` });
    if (problems.length > 0) return done();
    const content: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    if (content === null) return done();
    if (isMap(document.contents) && isRecord(content)) {
      new Reader(places, path, given, problems).readGroup(content, KEYS, [], null);
    } else problems.push({ line: () => 1, message: () => "the file must be a list of keys and values" });
  } catch (error) {
    // Aliases that multiply, lists in lists without an end.
    const why = describeFailure(error);
    problems.push({ line: () => 1, message: () => `the file cannot be read: ${why}` });
  }
  return done();
}

/** Why a text is not even looked at: it takes a second to read a megabyte, and a server that reads it again must go on. */
function whyUnread(source: string): string | null {
  if (source.length > LONGEST) return `the file is longer than ${LONGEST / 1024} KiB`;
  return /[\0\uFFFD]/.test(source) ? "the file is not text in UTF-8" : null;
}

/** Made out for those that are told alone. */
type Problem = { readonly line: () => number; readonly message: () => string };

function describe(problems: readonly Problem[], path: string): readonly string[] {
  const told = problems.slice(0, MOST_PROBLEMS).map(({ line, message }) => ({ line: line(), message: message() }));
  const lines = told.toSorted((a, b) => a.line - b.line).map(({ line, message }) => `${path}:${line}: ${message}`);
  const more = problems.length - told.length;
  return more === 0 ? lines : [...lines, `${path}: and ${more} more`];
}

/** Goes through the file along the table. */
class Reader {
  readonly #places: YamlPlaces;
  readonly #hosts = new Map<Namespace, number>();
  readonly #path: string;
  readonly #given: Map<string, Given>;
  readonly #problems: Problem[];

  constructor(places: YamlPlaces, path: string, given: Map<string, Given>, problems: Problem[]) {
    this.#places = places;
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
      else if (inner === undefined) this.#problem(path, () => unknownKey(path, group));
      else if (typeof inner === "string") this.#readValue(value, inner, path, host);
      else if (isRecord(value)) this.readGroup(value, inner, path, host);
      else this.#problem(path, () => `${path.join(".")} must be a list of keys and values`);
    }
  }

  #readHost(content: unknown, group: Group, path: readonly string[]): void {
    const written = path.at(-1) ?? "";
    const host = tryParseStandIn(written);
    const known = host === null ? undefined : this.#hosts.get(host);
    if (host === null) this.#problem(path, () => `${path.join(".")} is not the name of a registry's host`);
    else if (!isRecord(content)) this.#problem(path, () => `${path.join(".")} must be a list of keys and values`);
    else if (known !== undefined) {
      this.#problem(
        path,
        () => `${path.join(".")} is ${host}, which is there already (line ${known}); keep one of them`,
      );
    } else {
      this.#hosts.set(host, this.#places.lineOf(path));
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
      this.#problem([...path, ...inner], () => `${path.join(".")}: ${issue.message}`);
    }
  }

  #say(key: SettingKey, value: unknown, path: readonly string[], host: Namespace | null): void {
    const line = this.#places.lineOf(path);
    const lines = {
      itemLines: Array.isArray(value) ? value.map((_, index) => this.#places.lineOf([...path, index])) : [],
    };
    const origin = { kind: "file", path: this.#path, line, ...(SETTINGS[key].isFileOnly ? lines : {}) } as const;
    this.#given.set(fullKey(key, host), { key, host, value, origin });
  }

  #problem(path: readonly (string | number)[], message: () => string): void {
    this.#problems.push({ line: () => this.#places.lineOf(path), message });
  }
}

function unknownKey(path: readonly string[], group: Group): string {
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

/** The key of what somebody called by its flag: `log-level`, `gcGrace`, `resolver`. */
function flagsKey(name: string): SettingKey | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_.]/g, "");
  const flagOf = (flag: string | null) => plain(/--([\w-]+)/.exec(flag ?? "")?.[1] ?? "");
  const written = plain(name);
  return written === ""
    ? undefined
    : ROWS.find(([key, { flag }]) => flagOf(flag) === written || plain(key) === written)?.[0];
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
