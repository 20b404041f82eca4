/**
 * Docker's Bake files, in HCL and JSON.
 *
 * Source: the Bake file reference (buildx v0.27): target, inherits, matrix, contexts, args, variables, functions.
 */
import { dirname, isAbsolute, join } from "node:path";
import { evaluateHcl, hclText } from "../../lib/hcl/evaluate-hcl.ts";
import type { HclValue } from "../../lib/hcl/hcl-value.ts";
import { type HclBlock, type HclBody, HclError, type HclExpression } from "../../lib/hcl/hcl-syntax.ts";
import { parseHcl } from "../../lib/hcl/parse-hcl.ts";
import type { Findings } from "../found/found-image.ts";
import { scalarFor } from "../found/located-value.ts";
import type { TextFormat } from "../files/text-format.ts";
import { hclOfJson } from "./hcl-of-json.ts";
import { HclVariables, variableDefaults } from "./hcl-variables.ts";

const DEPTH_LIMIT = 20;
const COMBINATION_LIMIT = 200;
const IMAGE = "docker-image://";

export const bake: TextFormat = {
  tool: "Bake",
  isNamedSo: (name) => /\bbake\b.*\.(?:hcl|json)$/i.test(name),
  recognizes: (text, { name }) =>
    name.endsWith(".json")
      ? bake.isNamedSo(name) && /^\s*\{/.test(text) && /"target"\s*:/.test(text)
      : /^\s*(?:target|group)\s+"[^"]*"\s*\{/m.test(text),
  read(text, file, findings) {
    try {
      const body = file.name.endsWith(".json") ? hclOfJson(text) : parseHcl(text);
      new BakeFile(body, file.path, findings).read();
    } catch (error) {
      if (!(error instanceof HclError)) throw error;
      findings.error({ file: file.path, line: error.line }, `the file is no HCL: ${error.message}`);
    }
  },
};

class BakeFile {
  readonly #path: string;
  readonly #findings: Findings;
  readonly #targets: ReadonlyMap<string, HclBlock>;
  readonly #definitions: ReadonlyMap<string, HclExpression>;
  readonly #functions: ReadonlyMap<string, HclBlock>;

  constructor(body: HclBody, path: string, findings: Findings) {
    this.#path = path;
    this.#findings = findings;
    const named = (type: string) =>
      body.blocks.filter((block) => block.type === type).map((block) => [block.labels[0] ?? "", block] as const);
    this.#targets = new Map(named("target"));
    this.#functions = new Map(named("function"));
    const attributes = [...body.attributes].map(([name, { value }]) => [name, value] as const);
    this.#definitions = new Map([...variableDefaults(body), ...attributes]);
  }

  read(): void {
    for (const [name, target] of this.#targets) {
      // By custom such a target is there for others to inherit.
      if (name.startsWith("_")) continue;
      for (const row of this.#rows(target)) this.#build(target, row);
    }
  }

  /** The combinations of a target's matrix. */
  #rows(target: HclBlock): readonly ReadonlyMap<string, HclValue>[] {
    const matrix = this.#valueIn(target, "matrix", new Map());
    let rows: Map<string, HclValue>[] = [new Map()];
    for (const [name, values] of entriesOf(matrix)) {
      const items = Array.isArray(values) ? values : [];
      rows = rows.flatMap((row) => items.map((item) => new Map(row).set(name, item))).slice(0, COMBINATION_LIMIT);
    }
    return rows;
  }

  #build(target: HclBlock, row: ReadonlyMap<string, HclValue>): void {
    const get = (name: string) => this.#inherited(target, name, row, 0);
    const contexts = new Map<string, string | null>();
    for (const [name, value] of entriesOf(get("contexts"))) {
      const text = hclText(value) ?? "";
      contexts.set(name, text.startsWith(IMAGE) ? text.slice(IMAGE.length) : null);
    }
    const args = new Map<string, string>();
    for (const [name, value] of entriesOf(get("args"))) {
      const text = hclText(value);
      if (text !== null) args.set(name, text);
    }
    const place = { file: this.#path, line: target.line };
    const inline = hclText(get("dockerfile-inline"));
    const context = hclText(get("context")) ?? ".";
    if (inline !== null) {
      const line = this.#attributeLine(target, "dockerfile-inline", 0);
      const text = { ...scalarFor(place, inline), textLine: (line ?? target.line) + (inline.includes("\n") ? 1 : 0) };
      return this.#findings.build({ ...place, dockerfile: { text }, args, contexts });
    }
    if (context.startsWith(IMAGE))
      return void this.#findings.image(place, context.slice(IMAGE.length), "field", "bake");
    if (/^(?:[a-z+]+:\/\/|git@|target:)/i.test(context)) {
      if (!context.startsWith("target:")) this.#findings.missing(place, `the build context ${context.slice(0, 200)}`);
      return;
    }
    const dockerfile = hclText(get("dockerfile")) ?? "Dockerfile";
    const folder = below(dirname(this.#path), context);
    this.#findings.build({ ...place, dockerfile: { path: below(folder, dockerfile) }, args, contexts });
  }

  /** The line of an attribute of a target, or of one that it inherits from. */
  #attributeLine(target: HclBlock, name: string, depth: number): number | null {
    const own = target.body.attributes.get(name);
    if (own !== undefined) return own.line;
    const parents = depth < DEPTH_LIMIT ? this.#valueIn(target, "inherits", new Map()) : [];
    for (const parent of Array.isArray(parents) ? parents.toReversed() : []) {
      const block = this.#targets.get(hclText(parent) ?? "");
      const line = block === undefined ? null : this.#attributeLine(block, name, depth + 1);
      if (line !== null) return line;
    }
    return null;
  }

  /** An attribute of a target, or of those that it inherits from, the last one first; maps are merged. */
  #inherited(target: HclBlock, name: string, row: ReadonlyMap<string, HclValue>, depth: number): HclValue {
    let value: HclValue;
    const parents = depth < DEPTH_LIMIT ? this.#valueIn(target, "inherits", row) : [];
    for (const parent of Array.isArray(parents) ? parents : []) {
      const block = this.#targets.get(hclText(parent) ?? "");
      if (block !== undefined) value = over(value, this.#inherited(block, name, row, depth + 1));
    }
    return over(value, this.#valueIn(target, name, row));
  }

  #valueIn(target: HclBlock, name: string, row: ReadonlyMap<string, HclValue>): HclValue {
    const attribute = target.body.attributes.get(name);
    if (attribute === undefined) return undefined;
    const scope = new HclVariables(this.#definitions, this.#functions, new Map(), row);
    return evaluateHcl(attribute.value, scope);
  }
}

function over(below: HclValue, above: HclValue): HclValue {
  if (above === undefined) return below;
  if (!isMap(below) || !isMap(above)) return above;
  return Object.fromEntries([...Object.entries(below), ...Object.entries(above)]);
}

function isMap(value: HclValue): value is { readonly [key: string]: HclValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entriesOf(value: HclValue): [string, HclValue][] {
  return isMap(value) ? Object.entries(value) : [];
}

function below(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
