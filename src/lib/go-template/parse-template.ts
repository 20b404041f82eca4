/** Reads Go templates. Source: Go 1.26, text/template. */
import type { Operand, ParsedTemplate, Pipeline, TemplateNode } from "./template-syntax.ts";
import { splitTemplate, type TemplatePiece, type Token, tokensOf } from "./template-tokens.ts";
import { TemplateError } from "./template-value.ts";

const DEPTH_LIMIT = 200;

/** Parses a template. Throws `TemplateError` with the line when it is broken. */
export function parseTemplate(source: string): ParsedTemplate {
  return new TemplateParser(splitTemplate(source)).parse();
}

class TemplateParser {
  readonly #pieces: readonly TemplatePiece[];
  readonly #definitions = new Map<string, readonly TemplateNode[]>();
  #at = 0;

  constructor(pieces: readonly TemplatePiece[]) {
    this.#pieces = pieces;
  }

  parse(): ParsedTemplate {
    const { nodes, end } = this.#nodes(0);
    if (end !== null) throw new TemplateError(`{{ ${end.word} }} stands alone`, end.line);
    return { body: nodes, definitions: this.#definitions };
  }

  /** Reads up to `end`, `else` or the end of the file. */
  #nodes(depth: number): { nodes: TemplateNode[]; end: { word: string; rest: Token[]; line: number } | null } {
    if (depth > DEPTH_LIMIT)
      throw new TemplateError("the blocks nest too deeply", this.#pieces[this.#at]?.line ?? null);
    const nodes: TemplateNode[] = [];
    for (let piece = this.#pieces[this.#at++]; piece !== undefined; piece = this.#pieces[this.#at++]) {
      const { line } = piece;
      if (piece.type === "text") {
        nodes.push({ type: "text", text: piece.text, line });
        continue;
      }
      const tokens = tokensOf(piece.text, line);
      const [first, ...rest] = tokens;
      if (first === undefined) throw new TemplateError("an action is empty", line);
      if (first.type === "word" && (first.text === "end" || first.text === "else")) {
        return { nodes, end: { word: first.text, rest, line } };
      }
      const node = this.#action(first, rest, tokens, line, depth);
      if (node !== null) nodes.push(node);
    }
    return { nodes, end: null };
  }

  #action(first: Token, rest: Token[], all: Token[], line: number, depth: number): TemplateNode | null {
    switch (first.type === "word" ? first.text : "") {
      case "if":
      case "with":
      case "range":
        return this.#block(first.text as "if" | "with" | "range", rest, line, depth);
      case "define":
      case "block": {
        const name = String(rest[0]?.value ?? "");
        this.#definitions.set(name, this.#body(first.text, line, depth));
        if (first.text === "define") return null;
        return { type: "template", name, pipeline: new PipelineParser(rest.slice(1), line).whole(), line };
      }
      case "template": {
        const pipeline = rest.length > 1 ? new PipelineParser(rest.slice(1), line).whole() : null;
        return { type: "template", name: String(rest[0]?.value ?? ""), pipeline, line };
      }
      case "break":
      case "continue":
        return { type: first.text as "break" | "continue", line };
      default:
        return { type: "output", pipeline: new PipelineParser(all, line).whole(), line };
    }
  }

  #body(word: string, line: number, depth: number): TemplateNode[] {
    const { nodes, end } = this.#nodes(depth + 1);
    if (end?.word !== "end") throw new TemplateError(`{{ ${word} }} has no {{ end }}`, line);
    return nodes;
  }

  #block(type: "if" | "with" | "range", tokens: Token[], line: number, depth: number): TemplateNode {
    const pipeline = new PipelineParser(tokens, line).whole();
    const { nodes: body, end } = this.#nodes(depth + 1);
    if (end === null) throw new TemplateError(`{{ ${type} }} has no {{ end }}`, line);
    let otherwise: TemplateNode[] = [];
    const next = end.word === "else" ? end.rest[0] : undefined;
    if (next?.text === "if" || next?.text === "with") {
      // `else if` shares the end of the outer block.
      otherwise = [this.#block(next.text, end.rest.slice(1), end.line, depth + 1)];
    } else if (end.word === "else") {
      otherwise = this.#body("else", end.line, depth);
    }
    return { type, pipeline, body, otherwise, line };
  }
}

class PipelineParser {
  readonly #tokens: readonly Token[];
  readonly #line: number;
  #at = 0;

  constructor(tokens: readonly Token[], line: number) {
    this.#tokens = tokens;
    this.#line = line;
  }

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
