/** What a GitLab pipeline includes. Source: GitLab's CI/CD YAML reference (17.x), "include", "spec". */
import { dirname, join, resolve } from "node:path";
import type { Findings } from "../found/found-image.ts";
import { type Located, type LocatedMap, scalarFor, valueAt } from "../found/located-value.ts";
import { matchingFiles } from "../files/reading.ts";
import { readText } from "../files/read-text.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";

/** GitLab's own limit is 150. */
const INCLUDE_LIMIT = 150;

/** The document with what it includes from its own project, at any depth; the rest is named. The input's `spec` is a part of it. */
export async function loadGitlabFile(
  document: LocatedMap,
  path: string,
  findings: Findings,
  signal: AbortSignal,
): Promise<LocatedMap> {
  const loader = new GitlabIncludes(dirname(path), findings, signal);
  return loader.load(await loader.withSpec(document, path));
}

class GitlabIncludes {
  readonly #root: string;
  readonly #findings: Findings;
  readonly #signal: AbortSignal;
  readonly #loaded = new Set<string>();

  constructor(root: string, findings: Findings, signal: AbortSignal) {
    this.#root = root;
    this.#findings = findings;
    this.#signal = signal;
  }

  async load(document: LocatedMap): Promise<LocatedMap> {
    const include = valueAt(document, "include");
    const entries = include?.type === "list" ? include.items : include === null ? [] : [include];
    let whole: LocatedMap = { ...document, entries: new Map() };
    for (const entry of entries) {
      for (const path of await this.#paths(entry)) {
        const part = await this.#file(path, entry);
        if (part !== null) whole = mergeOver(whole, await this.load(part));
      }
    }
    return mergeOver(whole, document);
  }

  /** The header of a file with inputs is a document of its own. */
  async withSpec(document: LocatedMap, path: string): Promise<LocatedMap> {
    const { text } = await readText(path, this.#signal);
    if (text === null || !text.includes("$[[")) return document;
    const [header] = readDocuments(text, linesOf(path), this.#findings);
    const spec = valueAt(header ?? null, "spec");
    return spec === null ? document : { ...document, entries: new Map(document.entries).set("spec", spec) };
  }

  /** The files that an entry means in this project; what lies elsewhere is named. */
  async #paths(entry: Located): Promise<string[]> {
    const local = entry.type === "scalar" ? entry : valueAt(entry, "local");
    if (local?.type === "scalar" && local.text !== "" && !/^[a-z+]+:\/\//i.test(local.text)) {
      const pattern = local.text.replace(/^\/+/, "");
      if (!pattern.includes("*")) return [join(this.#root, pattern)];
      const paths: string[] = [];
      for await (const found of matchingFiles(this.#root, pattern)) {
        if (paths.push(join(this.#root, found)) >= INCLUDE_LIMIT) break;
      }
      return paths.sort();
    }
    const text = (key: string) => {
      const value = valueAt(entry, key);
      return value?.type === "scalar" ? value.text : null;
    };
    const where =
      (entry.type === "scalar" ? entry.text : null) ??
      text("remote") ??
      text("component") ??
      (text("template") === null ? null : `the template ${text("template")}`) ??
      (text("project") === null ? null : `${text("file") ?? "files"} of the project ${text("project")}`);
    if (where !== null) this.#findings.missing(entry, `the GitLab include ${where.slice(0, 200)}`);
    return [];
  }

  async #file(path: string, entry: Located): Promise<LocatedMap | null> {
    const key = resolve(path);
    if (this.#loaded.has(key) || this.#loaded.size >= INCLUDE_LIMIT) return null;
    this.#loaded.add(key);
    const { text } = await readText(path, this.#signal);
    if (text === null) {
      this.#findings.missing(entry, `the GitLab include ${path}`);
      return null;
    }
    this.#findings.parts.add(key);
    const documents = readDocuments(text, linesOf(path), this.#findings);
    const last = documents.at(-1);
    if (last?.type !== "map") return null;
    const withInputs = await this.withSpec(last, path);
    return withGivenInputs(withInputs, valueAt(entry, "inputs"));
  }
}

/** The file with the inputs that the include gives as defaults. */
function withGivenInputs(document: LocatedMap, given: Located | null): LocatedMap {
  const spec = valueAt(document, "spec", "inputs");
  if (spec?.type !== "map") return document;
  // Inputs belong to this file alone: what is included does not see them.
  const values = new Map<string, string>();
  for (const [name, input] of spec.entries) {
    const value = valueAt(given, name) ?? valueAt(input, "default");
    if (value?.type === "scalar") values.set(name, value.text);
  }
  return filled(document, values) as LocatedMap;
}

function filled(value: Located, inputs: ReadonlyMap<string, string>): Located {
  if (value.type === "list") return { ...value, items: value.items.map((item) => filled(item, inputs)) };
  if (value.type === "map") {
    return { ...value, entries: new Map([...value.entries].map(([key, item]) => [key, filled(item, inputs)])) };
  }
  if (!value.text.includes("$[[")) return value;
  const text = value.text.replace(
    /\$\[\[\s*inputs\.([\w-]+).*?\]\]/g,
    (whole, name: string) => inputs.get(name) ?? whole,
  );
  return { ...scalarFor(value, text), textLine: value.textLine };
}

/** Later files win, map by map. */
function mergeOver(base: LocatedMap, over: LocatedMap): LocatedMap {
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below?.type === "map" && value.type === "map" ? mergeOver(below, value) : value);
  }
  return { ...over, entries };
}
