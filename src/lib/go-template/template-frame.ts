import { formatValue } from "./format-value.ts";
import { entriesOf, followFields } from "./template-access.ts";
import type { TemplateRun } from "./template-run.ts";
import type { TemplateOutput } from "./template-output.ts";
import type { Operand, Pipeline, TemplateNode } from "./template-syntax.ts";
import { CallFailure, contentOf, isTrue, TemplateError, type TemplateValue, Unresolved } from "./template-value.ts";

class LoopExit {
  readonly type: "break" | "continue";

  constructor(type: "break" | "continue") {
    this.type = type;
  }
}

type Block = Extract<TemplateNode, { type: "if" | "with" | "range" }>;
type Variable = { readonly name: string; value: TemplateValue };

/** One run of one template: its variables, and what it prints into. */
export class TemplateFrame {
  readonly #run: TemplateRun;
  readonly #output: TemplateOutput;
  readonly #file: string | null;
  readonly #variables: Variable[];

  constructor(run: TemplateRun, output: TemplateOutput, file: string | null, dot: TemplateValue) {
    this.#run = run;
    this.#output = output;
    this.#file = file;
    this.#variables = [{ name: "$", value: dot }];
  }

  /** Runs the nodes one after the other. */
  nodes(nodes: readonly TemplateNode[], dot: TemplateValue): void {
    for (const node of nodes) this.#node(node, dot);
  }

  #node(node: TemplateNode, dot: TemplateValue): void {
    // Text that `tpl` was given stands in no file; what called it does.
    if (this.#file !== null) this.#run.place = { file: this.#file, line: node.line };
    this.#run.charge(1);
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
      case "range": {
        const declared = this.#variables.length;
        try {
          return node.type === "range" ? this.#range(node, dot) : this.#choice(node, dot);
        } finally {
          this.#variables.length = declared;
        }
      }
      case "template": {
        const value = node.pipeline === null ? null : this.#pipeline(node.pipeline, dot);
        const text = this.#run.renderNamed(node.name, value);
        return this.#output.value(
          text ?? this.#print(this.#run.doubt(`the template ${JSON.stringify(node.name)} is not defined`)),
          node.line,
        );
      }
      case "break":
      case "continue":
        throw new LoopExit(node.type);
    }
  }

  #choice(node: Block, dot: TemplateValue): void {
    const value = this.#pipeline(node.pipeline, dot);
    this.#weigh(value);
    if (isTrue(value)) this.nodes(node.body, node.type === "with" ? value : dot);
    else this.nodes(node.otherwise, dot);
  }

  #range(node: Block, dot: TemplateValue): void {
    const declared = this.#variables.length;
    const entries = this.#entries(this.#pipeline({ ...node.pipeline, variables: [] }, dot));
    if (entries.length === 0) return this.nodes(node.otherwise, dot);
    const names = node.pipeline.variables;
    for (const [key, value] of entries) {
      this.#run.charge(1);
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

  #entries(value: TemplateValue): [TemplateValue, TemplateValue][] {
    this.#weigh(value);
    try {
      return entriesOf(value);
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      this.#weigh(this.#run.doubt(error.message));
      return [];
    }
  }

  /** What hangs on an unresolved value may be wrong from here on. */
  #weigh(value: TemplateValue): void {
    if (value instanceof Unresolved) this.#run.undecided.push({ reason: value.reason, place: value.place });
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
      return this.#run.call(first.name, piped === undefined ? args : [...args, piped]);
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
  ): TemplateValue {
    let value: TemplateValue = null;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (value instanceof Unresolved) return value;
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped ?? value;
  }

  #operand(operand: Operand, dot: TemplateValue, args: readonly TemplateValue[] = []): TemplateValue {
    switch (operand.type) {
      case "literal":
        return operand.value;
      case "dot":
        return this.#fields(dot, operand.fields, args);
      case "variable":
        return this.#fields(this.#variable(operand.name), operand.fields, args);
      case "group":
        return this.#fields(this.#pipeline(operand.pipeline, dot), operand.fields, args);
      case "function":
        return this.#run.call(operand.name, []);
      default:
        return operand satisfies never;
    }
  }

  #fields(start: TemplateValue, fields: readonly string[], args: readonly TemplateValue[]): TemplateValue {
    try {
      return followFields(start, fields, args);
    } catch (error) {
      if (error instanceof CallFailure) return this.#run.doubt(error.message);
      throw error;
    }
  }

  #variable(name: string): TemplateValue {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined)
      throw new TemplateError(`the variable ${name} is not defined`, this.#run.place.line, this.#run.place.file);
    return variable.value;
  }

  #set(name: string, value: TemplateValue, assigns: boolean): void {
    const known = assigns ? this.#variables.findLast((variable) => variable.name === name) : undefined;
    if (known !== undefined) known.value = value;
    else this.#variables.push({ name, value });
  }

  #print(value: TemplateValue): string {
    if (typeof value === "string") return value;
    if (value instanceof Unresolved) return this.#run.mark(value);
    // Helm takes these words out again, at the end and behind `tpl`.
    if (value === null) return "<no value>";
    const text = formatValue(contentOf(value));
    this.#run.charge(text.length / 64);
    return text;
  }
}
