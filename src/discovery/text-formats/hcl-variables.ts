import { evaluateHcl, type HclScope } from "../../lib/hcl/evaluate-hcl.ts";
import type { HclValue } from "../../lib/hcl/hcl-value.ts";
import type { HclBlock, HclBody, HclExpression } from "../../lib/hcl/hcl-syntax.ts";

/** The names of a document: its variables with their defaults, its own functions, and what else it defines. */
export class HclVariables implements HclScope {
  readonly missing = new Set<string>();
  readonly #definitions: ReadonlyMap<string, HclExpression>;
  readonly #functions: ReadonlyMap<string, HclBlock>;
  readonly #objects: ReadonlyMap<string, ReadonlyMap<string, HclExpression>>;
  readonly #given: ReadonlyMap<string, HclValue>;
  readonly #open = new Set<string>();

  /** `objects` are names whose members are defined: Nomad's `var` and `local`. `given` are values, of a matrix for instance. */
  constructor(
    definitions: ReadonlyMap<string, HclExpression>,
    functions: ReadonlyMap<string, HclBlock>,
    objects: ReadonlyMap<string, ReadonlyMap<string, HclExpression>>,
    given: ReadonlyMap<string, HclValue> = new Map(),
  ) {
    this.#definitions = definitions;
    this.#functions = functions;
    this.#objects = objects;
    this.#given = given;
  }

  name(name: string): HclValue {
    if (this.#given.has(name)) return this.#given.get(name);
    const object = this.#objects.get(name);
    if (object !== undefined) {
      return Object.fromEntries([...object].map(([key, value]) => [key, this.#once(`${name}.${key}`, value)]));
    }
    return this.#once(name, this.#definitions.get(name));
  }

  call(name: string, given: readonly HclValue[], depth: number): HclValue {
    const block = this.#functions.get(name);
    const result = block?.body.attributes.get("result");
    if (block === undefined || result === undefined || depth > 50) return this.#lacks(`${name}()`);
    const parameters = namesIn(block.body, "params");
    const values = new Map(parameters.map((parameter, index) => [parameter, given[index]]));
    const [rest] = namesIn(block.body, "variadic_params");
    if (rest !== undefined) values.set(rest, given.slice(parameters.length));
    const inner = new HclVariables(
      this.#definitions,
      this.#functions,
      this.#objects,
      new Map([...this.#given, ...values]),
    );
    return evaluateHcl(result.value, inner, depth);
  }

  #once(name: string, definition: HclExpression | undefined): HclValue {
    // What is defined by itself has no value.
    if (definition === undefined || this.#open.has(name)) return this.#lacks(name);
    this.#open.add(name);
    const value = evaluateHcl(definition, this);
    this.#open.delete(name);
    return value;
  }

  #lacks(name: string): undefined {
    this.missing.add(name);
    return undefined;
  }
}

/** The default of each `variable` block. */
export function variableDefaults(body: HclBody): Map<string, HclExpression> {
  const defaults = new Map<string, HclExpression>();
  for (const { type, labels, body: inner } of body.blocks) {
    const value = inner.attributes.get("default")?.value;
    if (type === "variable" && labels[0] !== undefined && value !== undefined) defaults.set(labels[0], value);
  }
  return defaults;
}

/** The names in a list of names. */
function namesIn(body: HclBody, attribute: string): string[] {
  const value = body.attributes.get(attribute)?.value;
  if (value?.type === "name") return [value.name];
  return value?.type === "list" ? value.items.flatMap((item) => (item.type === "name" ? [item.name] : [])) : [];
}
