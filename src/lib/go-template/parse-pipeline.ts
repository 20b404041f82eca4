/** Reads the pipelines of Go templates. Source: Go 1.26, text/template/parse. */
import type { Operand, Pipeline } from "./template-syntax.ts";
import type { Token } from "./template-tokens.ts";
import { TemplateError } from "./template-value.ts";

const DEPTH_LIMIT = 200;

/** Reads `$x := command | command`, whose words were cut apart. */
export class PipelineParser {
  readonly #tokens: readonly Token[];
  readonly #line: number;
  #at = 0;

  constructor(tokens: readonly Token[], line: number) {
    this.#tokens = tokens;
    this.#line = line;
  }

  /** The pipeline of all the words. Throws `TemplateError` when it is broken. */
  whole(): Pipeline {
    const pipeline = this.#pipeline(0);
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return pipeline;
  }

  #pipeline(depth: number): Pipeline {
    if (depth > DEPTH_LIMIT) throw new TemplateError("the parentheses nest too deeply", this.#line);
    const { variables, assigns } = this.#declaration();
    const commands: Operand[][] = [[]];
    for (
      let token = this.#tokens[this.#at];
      token !== undefined && token.text !== ")";
      token = this.#tokens[this.#at]
    ) {
      if (token.type === "mark" && token.text === "|") {
        this.#at++;
        commands.push([]);
      } else {
        commands.at(-1)?.push(this.#operand(depth));
      }
    }
    // Go passes over a pipe that nothing follows; charts in the field end actions so.
    if (commands.length > 1 && commands.at(-1)?.length === 0) commands.pop();
    if (commands.some((command) => command.length === 0)) throw new TemplateError("a command is missing", this.#line);
    return { variables, assigns, commands };
  }

  #declaration(): { variables: string[]; assigns: boolean } {
    const variables: string[] = [];
    for (let at = this.#at; this.#tokens[at]?.type === "variable"; at += 2) {
      variables.push(this.#tokens[at]?.text ?? "");
      const mark = this.#tokens[at + 1];
      if (mark?.type !== "mark") break;
      if (mark.text === ":=" || mark.text === "=") {
        this.#at = at + 2;
        return { variables, assigns: mark.text === "=" };
      }
      if (mark.text !== ",") break;
    }
    return { variables: [], assigns: false };
  }

  #operand(depth: number): Operand {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#unexpected();
    switch (token.type) {
      case "literal":
        return { type: "literal", value: token.value };
      case "dot":
        return { type: "dot", fields: this.#fields() };
      case "field":
        return { type: "dot", fields: [token.text.slice(1), ...this.#fields()] };
      case "variable":
        return { type: "variable", name: token.text, fields: this.#fields() };
      case "word":
        if (token.text === "true" || token.text === "false") return { type: "literal", value: token.text === "true" };
        return token.text === "nil" ? { type: "literal", value: null } : { type: "function", name: token.text };
      case "mark": {
        if (token.text !== "(") throw this.#unexpected(token);
        const pipeline = this.#pipeline(depth + 1);
        if (this.#tokens[this.#at++]?.text !== ")") throw new TemplateError("a parenthesis is not closed", this.#line);
        return { type: "group", pipeline, fields: this.#fields() };
      }
      default:
        return token.type satisfies never;
    }
  }

  #fields(): string[] {
    const fields: string[] = [];
    for (let token = this.#tokens[this.#at]; token?.type === "field" && token.glued; token = this.#tokens[++this.#at]) {
      fields.push(token.text.slice(1));
    }
    return fields;
  }

  #unexpected(token = this.#tokens[this.#at]): TemplateError {
    return new TemplateError(`${JSON.stringify(token?.text ?? "the end")} is not expected here`, this.#line);
  }
}
