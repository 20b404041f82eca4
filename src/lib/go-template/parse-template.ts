/** Reads Go templates. Source: Go 1.26, text/template. */
import { isEmptyTemplate, type ParsedTemplate, type TemplateDefinition, type TemplateNode } from "./template-syntax.ts";
import { PipelineParser } from "./parse-pipeline.ts";
import { splitTemplate, type TemplatePiece, type Token, tokensOf } from "./template-tokens.ts";
import { TemplateError } from "./template-value.ts";

const DEPTH_LIMIT = 200;

/** Parses the text of `file`, or text that stands in none. Throws `TemplateError` with the line when it is broken. */
export function parseTemplate(source: string, file: string | null = null): ParsedTemplate {
  return new TemplateParser(splitTemplate(source), file).parse();
}

class TemplateParser {
  readonly #pieces: readonly TemplatePiece[];
  readonly #file: string | null;
  readonly #definitions = new Map<string, TemplateDefinition>();
  #at = 0;

  constructor(pieces: readonly TemplatePiece[], file: string | null) {
    this.#pieces = pieces;
    this.#file = file;
  }

  parse(): ParsedTemplate {
    const { nodes, end } = this.#nodes(0);
    if (end !== null) throw new TemplateError(`{{ ${end.word} }} stands alone`, end.line);
    return { body: { file: this.#file, nodes }, definitions: this.#definitions };
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
        this.#define(name, this.#body(first.text, line, depth), line);
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

  #define(name: string, nodes: readonly TemplateNode[], line: number): void {
    const definition = { file: this.#file, nodes };
    const known = this.#definitions.get(name);
    if (known === undefined || isEmptyTemplate(known)) this.#definitions.set(name, definition);
    else if (!isEmptyTemplate(definition))
      throw new TemplateError(`the template ${JSON.stringify(name)} is defined twice in one file`, line);
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
