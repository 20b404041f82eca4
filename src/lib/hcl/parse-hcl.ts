/** Reads HCL. Source: the HCL native syntax specification (hcl v2.24), "Structural Elements", "Expressions". */
import { HclText } from "./hcl-text.ts";
import { type HclAttribute, type HclBlock, type HclBody, HclError, type HclExpression } from "./hcl-syntax.ts";

const DEPTH_LIMIT = 200;
/** By binding, weakest first. */
const OPERATORS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!="],
  ["<=", ">=", "<", ">"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** Reads a file. Throws an HclError with its line. */
export function parseHcl(text: string): HclBody {
  const parser = new HclParser(new HclText(text));
  return parser.body(true, 0);
}

/** Reads the text of a string, which may hold `${…}`; text that is broken stands for itself. */
export function parseHclTemplate(text: string): HclExpression {
  try {
    return new HclParser(new HclText(text)).template((source) => source.isAtEnd(), 0, false);
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    return { type: "literal", value: text };
  }
}

class HclParser {
  readonly #text: HclText;

  constructor(text: HclText) {
    this.#text = text;
  }

  body(isFile: boolean, depth: number): HclBody {
    const attributes = new Map<string, HclAttribute>();
    const blocks: HclBlock[] = [];
    const text = this.#text;
    if (depth > DEPTH_LIMIT) throw text.error("the blocks nest too deeply");
    for (;;) {
      text.skipSpace(true);
      if (text.isAtEnd()) {
        if (isFile) return { attributes, blocks };
        throw text.error("a block is not closed");
      }
      if (!isFile && text.take("}")) return { attributes, blocks };
      const line = text.line();
      const name = this.#quoted() ?? text.identifier();
      if (name === null) throw text.error("a name is expected");
      text.skipSpace(false);
      if (text.peek("=") && !text.peek("==")) {
        text.take("=");
        attributes.set(name, { value: this.#expression(0, false, depth), line });
        continue;
      }
      const labels: string[] = [];
      for (;;) {
        text.skipSpace(false);
        const label = this.#quoted() ?? text.identifier();
        if (label === null) break;
        labels.push(label);
      }
      if (!text.take("{")) throw text.error(`an equals sign or a block is expected behind ${JSON.stringify(name)}`);
      blocks.push({ type: name, labels, body: this.body(false, depth + 1), line });
    }
  }

  #quoted(): string | null {
    const quoted = this.#text.match(/"((?:[^"\\\n]|\\.)*)"/y);
    return quoted === null ? null : (quoted[1] ?? "");
  }

  /** `inBrackets`: lines do not end it. */
  #expression(level: number, inBrackets: boolean, depth: number): HclExpression {
    if (depth > DEPTH_LIMIT) throw this.#text.error("the expression nests too deeply");
    if (level === OPERATORS.length) return this.#unary(inBrackets, depth);
    let left = this.#expression(level + 1, inBrackets, depth);
    for (;;) {
      this.#text.skipSpace(inBrackets);
      const operator = OPERATORS[level]?.find((candidate) => this.#text.take(candidate));
      if (operator === undefined) break;
      left = { type: "operation", operator, operands: [left, this.#expression(level + 1, inBrackets, depth)] };
    }
    if (level > 0 || !this.#text.take("?")) return left;
    const whenTrue = this.#expression(0, inBrackets, depth + 1);
    this.#text.skipSpace(true);
    if (!this.#text.take(":")) throw this.#text.error("a colon is expected");
    return {
      type: "operation",
      operator: "?:",
      operands: [left, whenTrue, this.#expression(0, inBrackets, depth + 1)],
    };
  }

  #unary(inBrackets: boolean, depth: number): HclExpression {
    if (depth > DEPTH_LIMIT) throw this.#text.error("the expression nests too deeply");
    this.#text.skipSpace(inBrackets);
    for (const operator of ["!", "-"]) {
      if (!this.#text.take(operator)) continue;
      return { type: "operation", operator, operands: [this.#unary(inBrackets, depth + 1)] };
    }
    let value = this.#primary(depth + 1);
    for (;;) {
      if (this.#text.take("[")) {
        const isSplat = this.#text.take("*");
        const index: HclExpression = isSplat ? { type: "unknown" } : this.#expression(0, true, depth + 1);
        this.#close("]");
        value = isSplat ? { type: "unknown" } : { type: "index", of: value, index };
      } else if (this.#text.match(/\.\*/y) !== null) value = { type: "unknown" };
      else {
        const attribute = this.#text.match(/\.([A-Za-z_][\w-]*|\d+)/y);
        if (attribute === null) return value;
        value = { type: "attribute", of: value, name: attribute[1] ?? "" };
      }
    }
  }

  #primary(depth: number): HclExpression {
    const text = this.#text;
    if (depth > DEPTH_LIMIT) throw text.error("the expression nests too deeply");
    if (text.take('"')) return this.template((source) => source.take('"'), depth, true);
    const heredoc = text.match(/<<(-?)([A-Za-z_][\w-]*)\r?\n/y);
    if (heredoc !== null) return this.#heredoc(heredoc[2] ?? "", heredoc[1] === "-");
    const number = text.match(/\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number !== null) return { type: "literal", value: Number(number[0]) };
    if (text.take("(")) {
      const inner = this.#expression(0, true, depth);
      this.#close(")");
      return inner;
    }
    if (text.take("[")) return this.#list(depth);
    if (text.take("{")) return this.#object(depth);
    const name = text.identifier();
    if (name === null) throw text.error("a value is expected");
    if (name === "true" || name === "false") return { type: "literal", value: name === "true" };
    if (name === "null") return { type: "literal", value: null };
    return text.take("(") ? { type: "call", name, arguments: this.#items(")", depth) } : { type: "name", name };
  }

  /** Pieces of text and `${…}` until `isDone`, which consumes what ends it. */
  template(isDone: (text: HclText) => boolean, depth: number, escapes: boolean): HclExpression {
    const parts: HclExpression[] = [];
    let plain = "";
    const flush = () => {
      if (plain !== "") parts.push({ type: "literal", value: plain });
      plain = "";
    };
    while (!isDone(this.#text)) {
      if (this.#text.isAtEnd()) throw this.#text.error("a string is not closed");
      if (this.#text.take("$${")) plain += "${";
      else if (this.#text.take("%%{")) plain += "%{";
      else if (this.#text.take("${")) {
        flush();
        this.#text.take("~");
        parts.push(this.#expression(0, true, depth + 1));
        this.#text.skipSpace(true);
        this.#text.take("~");
        this.#close("}");
      } else if (this.#text.take("%{")) {
        flush();
        parts.push({ type: "unknown" });
        this.#text.skipTo("}");
      } else plain += escapes ? this.#text.character() : this.#text.next();
    }
    flush();
    const [only] = parts;
    if (only === undefined) return { type: "literal", value: "" };
    return parts.length === 1 && only.type === "literal" ? only : { type: "template", parts };
  }

  #heredoc(mark: string, isIndented: boolean): HclExpression {
    const lines = this.#text.linesUntil(mark);
    const indent = isIndented
      ? Math.min(...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)))
      : 0;
    const shown = lines.map((line) => line.slice(Number.isFinite(indent) ? indent : 0));
    return parseHclTemplate(shown.map((line) => `${line}\n`).join(""));
  }

  #list(depth: number): HclExpression {
    this.#text.skipSpace(true);
    if (this.#isFor()) return this.#skipped("[", "]");
    return { type: "list", items: this.#items("]", depth) };
  }

  #items(end: string, depth: number): HclExpression[] {
    const items: HclExpression[] = [];
    for (;;) {
      this.#text.skipSpace(true);
      if (this.#text.take(end)) return items;
      items.push(this.#expression(0, true, depth + 1));
      this.#text.skipSpace(true);
      this.#text.take("...");
      this.#text.skipSpace(true);
      if (!this.#text.take(",") && !this.#text.peek(end)) throw this.#text.error(`a comma or ${end} is expected`);
    }
  }

  #object(depth: number): HclExpression {
    const entries: (readonly [HclExpression, HclExpression])[] = [];
    this.#text.skipSpace(true);
    if (this.#isFor()) return this.#skipped("{", "}");
    for (;;) {
      this.#text.skipSpace(true);
      if (this.#text.take("}")) return { type: "object", entries };
      const name = this.#text.identifier();
      const key: HclExpression = name === null ? this.#primary(depth + 1) : { type: "literal", value: name };
      this.#text.skipSpace(true);
      if (!this.#text.take("=") && !this.#text.take(":")) throw this.#text.error("an equals sign is expected");
      entries.push([key, this.#expression(0, false, depth + 1)]);
      this.#text.skipSpace(true);
      this.#text.take(",");
    }
  }

  #isFor(): boolean {
    return this.#text.match(/for\s+(?=[A-Za-z_])/y) !== null;
  }

  #skipped(open: string, close: string): HclExpression {
    this.#text.skipBalanced(open, close);
    return { type: "unknown" };
  }

  #close(end: string): void {
    this.#text.skipSpace(true);
    if (!this.#text.take(end)) throw this.#text.error(`${end} is expected`);
  }
}
