/**
 * Runs Go templates: text/template's actions over the values that a chart is given.
 *
 * Lenient where Helm gives up: a field of nothing is nil, an unknown function gives an unresolved value. The caller
 * sees unresolved values as marks in the text and decides whether they matter. Bounded in steps, text and recursion.
 *
 * Source: Go 1.26, text/template.
 */
import { entriesOf, followFields } from "./template-access.ts";
import { TemplateOutput } from "./template-output.ts";
import type { Operand, Pipeline, TemplateNode } from "./template-syntax.ts";
import { assertShort, formatValue, isTrue, TemplateError, type TemplateValue, Unresolved } from "./template-value.ts";

/** A function that templates may call; the evaluation is there for those that render templates themselves. */
export type TemplateFunction = (args: readonly TemplateValue[], evaluation: TemplateEvaluation) => TemplateValue;

const STEP_LIMIT = 2_000_000;
const RECURSION_LIMIT = 200;

class LoopExit {
  readonly type: "break" | "continue";

  constructor(type: "break" | "continue") {
    this.type = type;
  }
}

type Variable = { readonly name: string; value: TemplateValue };

/** One rendering of the templates of a chart, which share definitions and the bounds. */
export class TemplateEvaluation {
  readonly definitions: Map<string, readonly TemplateNode[]>;
  /** Why values are unresolved; `mark` leaves the index in the text. */
  readonly unresolved: string[] = [];
  /** What the chart said when it refused its values by `fail`. */
  readonly refusals: string[] = [];
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  #steps = 0;
  #depth = 0;

  constructor(functions: ReadonlyMap<string, TemplateFunction>, definitions: Map<string, readonly TemplateNode[]>) {
    this.#functions = functions;
    this.definitions = definitions;
  }

  /** Renders `nodes` with `dot`. Throws `TemplateError` when a bound is passed. */
  render(nodes: readonly TemplateNode[], dot: TemplateValue): TemplateOutput {
    if (++this.#depth > RECURSION_LIMIT) throw new TemplateError("the templates include each other without end");
    const output = new TemplateOutput();
    try {
      new Frame(this, output, [{ name: "$", value: dot }]).nodes(nodes, dot);
    } finally {
      this.#depth--;
    }
    return output;
  }

  /** Renders the template that was defined as `name`; null when there is none. */
  renderNamed(name: string, dot: TemplateValue): string | null {
    const nodes = this.definitions.get(name);
    return nodes === undefined ? null : this.render(nodes, dot).toString();
  }

  call(name: string, args: readonly TemplateValue[]): TemplateValue {
    const known =
      this.#functions.get(name) ?? this.#functions.get(name.replace(/^must(.)/, (_, c: string) => c.toLowerCase()));
    if (known === undefined) return new Unresolved(`the function ${name} is not known`);
    const unresolved = args.find((arg) => arg instanceof Unresolved);
    if (unresolved !== undefined && name !== "include" && name !== "tpl") return unresolved;
    return assertShort(known(args, this));
  }

  /** The text that stands for an unresolved value. */
  mark(value: Unresolved): string {
    const index = this.unresolved.indexOf(value.reason);
    return `__unresolved_${index < 0 ? this.unresolved.push(value.reason) - 1 : index}__`;
  }

  /** Counts work; throws `TemplateError` when it is too much. */
  charge(steps: number, line: number | null = null): void {
    this.#steps += steps;
    if (this.#steps > STEP_LIMIT) throw new TemplateError("the templates do more work than any chart needs", line);
  }
}

class Frame {
  readonly #evaluation: TemplateEvaluation;
  readonly #output: TemplateOutput;
  readonly #variables: Variable[];

  constructor(evaluation: TemplateEvaluation, output: TemplateOutput, variables: Variable[]) {
    this.#evaluation = evaluation;
    this.#output = output;
    this.#variables = variables;
  }

  nodes(nodes: readonly TemplateNode[], dot: TemplateValue): void {
    for (const node of nodes) this.#node(node, dot);
  }

  #node(node: TemplateNode, dot: TemplateValue): void {
    this.#evaluation.charge(1, node.line);
    switch (node.type) {
      case "text":
        return this.#output.text(node.text, node.line);
      case "output": {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#output.value(this.#print(value), node.line);
        return;
      }
      case "if":
      case "with":
        return this.#scope(() => {
          const value = this.#pipeline(node.pipeline, dot);
          if (isTrue(value)) this.nodes(node.body, node.type === "with" ? value : dot);
          else this.nodes(node.otherwise, dot);
        });
      case "range":
        return this.#scope(() => this.#range(node, dot));
      case "template": {
        const value = node.pipeline === null ? null : this.#pipeline(node.pipeline, dot);
        const missing = () => this.#print(new Unresolved(`the template ${node.name} is not defined`));
        return this.#output.value(this.#evaluation.renderNamed(node.name, value) ?? missing(), node.line);
      }
      case "break":
      case "continue":
        throw new LoopExit(node.type);
    }
  }

  #range(node: Extract<TemplateNode, { type: "if" | "with" | "range" }>, dot: TemplateValue): void {
    const declared = this.#variables.length;
    const entries = entriesOf(this.#pipeline({ ...node.pipeline, variables: [] }, dot));
    if (entries.length === 0) return this.nodes(node.otherwise, dot);
    const names = node.pipeline.variables;
    for (const [key, value] of entries) {
      this.#evaluation.charge(1, node.line);
      this.#variables.length = declared;
      const given = names.length === 2 ? [key, value] : [value];
      for (const [index, name] of names.entries()) this.#set(name, given[index] ?? null, node.pipeline.assigns);
      try {
        this.nodes(node.body, value);
      } catch (exit) {
        if (!(exit instanceof LoopExit)) throw exit;
        if (exit.type === "break") return;
      }
    }
  }

  #scope(run: () => void): void {
    const declared = this.#variables.length;
    try {
      run();
    } finally {
      this.#variables.length = declared;
    }
  }

  #pipeline(pipeline: Pipeline, dot: TemplateValue): TemplateValue {
    let value: TemplateValue | undefined;
    for (const command of pipeline.commands) value = this.#command(command, dot, value);
    for (const name of pipeline.variables) this.#set(name, value ?? null, pipeline.assigns);
    return value ?? null;
  }

  #command(operands: readonly Operand[], dot: TemplateValue, piped: TemplateValue | undefined): TemplateValue {
    const [first, ...rest] = operands;
    if (first === undefined) return null;
    if (first.type === "function") {
      if (first.name === "and" || first.name === "or") return this.#shortCircuit(first.name, rest, dot, piped);
      const args = rest.map((operand) => this.#operand(operand, dot));
      return this.#evaluation.call(first.name, piped === undefined ? args : [...args, piped]);
    }
    const isMethod = first.type !== "literal" && first.fields.length > 0 && (rest.length > 0 || piped !== undefined);
    if (!isMethod) return this.#operand(first, dot);
    const args = rest.map((operand) => this.#operand(operand, dot));
    return this.#operand(first, dot, piped === undefined ? args : [...args, piped]);
  }

  #shortCircuit(
    name: "and" | "or",
    operands: readonly Operand[],
    dot: TemplateValue,
    piped: TemplateValue | undefined,
  ) {
    let value: TemplateValue = null;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped ?? value;
  }

  #operand(operand: Operand, dot: TemplateValue, args: readonly TemplateValue[] = []): TemplateValue {
    switch (operand.type) {
      case "literal":
        return operand.value;
      case "dot":
        return followFields(dot, operand.fields, args);
      case "variable":
        return followFields(this.#variable(operand.name), operand.fields, args);
      case "group":
        return followFields(this.#pipeline(operand.pipeline, dot), operand.fields, args);
      case "function":
        return this.#evaluation.call(operand.name, []);
      default:
        return operand satisfies never;
    }
  }

  #variable(name: string): TemplateValue {
    return this.#variables.findLast((variable) => variable.name === name)?.value ?? null;
  }

  #set(name: string, value: TemplateValue, assigns: boolean): void {
    const known = assigns ? this.#variables.findLast((variable) => variable.name === name) : undefined;
    if (known !== undefined) known.value = value;
    else this.#variables.push({ name, value });
  }

  #print(value: TemplateValue): string {
    if (value instanceof Unresolved) return this.#evaluation.mark(value);
    // Helm prints nothing for nil, where text/template alone prints "<no value>".
    if (value === null) return "";
    return typeof value === "string" ? value : formatValue(value);
  }
}
