/** Reads expressions. Source: RE2's syntax (github.com/google/re2/wiki/Syntax) as Go 1.26's regexp reads it. */
import { ignoringCase, inRanges, perlClass, unicodeClass } from "./character-classes.ts";
import { ClassParser } from "./parse-class.ts";
import { type ExpressionNode, ExpressionError } from "./expression-tree.ts";
import { ExpressionReader } from "./expression-reader.ts";

const DEPTH_LIMIT = 200;
const REPEAT_LIMIT = 1000;

/** An expression's tree; group 0 is the whole match. `names[n]` is the name of group n, or empty. */
export type ParsedExpression = { readonly root: ExpressionNode; readonly names: readonly string[] };

type Flags = { readonly i: boolean; readonly m: boolean; readonly s: boolean; readonly U: boolean };

/** Parses an expression. Throws `ExpressionError` when RE2 would refuse it. */
export function parseExpression(pattern: string): ParsedExpression {
  return new ExpressionParser(pattern).parse();
}

class ExpressionParser {
  readonly #in: ExpressionReader;
  readonly #names: string[] = [""];
  #flags: Flags = { i: false, m: false, s: false, U: false };

  constructor(pattern: string) {
    this.#in = new ExpressionReader(pattern);
  }

  parse(): ParsedExpression {
    const root = this.#choice(0);
    if (!this.#in.done) throw this.#in.error("there is a ) too many");
    return { root, names: this.#names };
  }

  #choice(depth: number): ExpressionNode {
    if (depth > DEPTH_LIMIT) throw this.#in.error("the groups nest too deeply");
    const nodes = [this.#sequence(depth)];
    while (this.#in.take("|")) nodes.push(this.#sequence(depth));
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : { type: "choice", nodes };
  }

  #sequence(depth: number): ExpressionNode {
    const nodes: ExpressionNode[] = [];
    while (!this.#in.done && !this.#in.at("|") && !this.#in.at(")")) {
      const node = this.#atom(depth);
      if (node !== null) nodes.push(...node.slice(0, -1), ...node.slice(-1).map((last) => this.#repeats(last)));
    }
    return { type: "sequence", nodes };
  }

  /** One or, for `\Q…\E`, several nodes, the last of which a `*` behind it repeats; null for flags alone. */
  #atom(depth: number): ExpressionNode[] | null {
    const char = this.#in.next();
    switch (char) {
      case "(":
        return this.#group(depth);
      case "[":
        return [{ type: "class", test: new ClassParser(this.#in, this.#flags.i).parse() }];
      case ".":
        return [{ type: "class", test: this.#flags.s ? () => true : (codePoint) => codePoint !== 0x0a }];
      case "^":
        return [{ type: "anchor", kind: this.#flags.m ? "line-start" : "text-start" }];
      case "$":
        return [{ type: "anchor", kind: this.#flags.m ? "line-end" : "text-end" }];
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw this.#in.error(`nothing stands before ${char}`);
      case "{":
        if (this.#in.match(/\d+(?:,\d*)?\}/y) !== null) throw this.#in.error("nothing stands before {");
        return [this.#literal(0x7b)];
      default:
        return [this.#literal(char.codePointAt(0) ?? 0)];
    }
  }

  #group(depth: number): ExpressionNode[] | null {
    const outer = this.#flags;
    let index: number | null = null;
    if (this.#in.take("?")) {
      const name = this.#in.match(/(?:P?<(\w+)>)/y)?.[1];
      if (name !== undefined && this.#names.includes(name)) throw this.#in.error(`the group ${name} is there twice`);
      if (name !== undefined) index = this.#names.push(name) - 1;
      else if (this.#setFlags()) return null;
    } else {
      index = this.#names.push("") - 1;
    }
    const node = this.#choice(depth + 1);
    if (!this.#in.take(")")) throw this.#in.error("a ) is missing");
    this.#flags = outer;
    return [index === null ? node : { type: "group", index, node }];
  }

  /** Reads `i-s:` or `i)`; true when the group ends there and the flags hold to the end of the outer one. */
  #setFlags(): boolean {
    const found = this.#in.match(/([imsU]*)(?:-([imsU]+))?([:)])/y);
    if (found === null) throw this.#in.error("what stands behind (? is not in RE2's syntax");
    const flags = { ...this.#flags };
    for (const flag of found[1] ?? "") flags[flag as keyof Flags] = true;
    for (const flag of found[2] ?? "") flags[flag as keyof Flags] = false;
    this.#flags = flags;
    return found[3] === ")";
  }

  #escape(): ExpressionNode[] {
    const quoted = this.#in.match(/Q([^]*?)(?:\\E|$)/y);
    if (quoted !== null) return Array.from(quoted[1] ?? "", (char) => this.#literal(char.codePointAt(0) ?? 0));
    const property = this.#in.match(/([pP])(?:\{(\^?\w+)\}|(\w))/y);
    if (property !== null) {
      const test = unicodeClass(property[2] ?? property[3] ?? "");
      return [this.#class(property[1] === "P" ? (codePoint) => !test(codePoint) : test)];
    }
    const char = this.#in.peek();
    const perl = perlClass(char);
    if (perl !== null) {
      this.#in.next();
      return [this.#class(perl)];
    }
    const anchors = { A: "text-start", z: "text-end", b: "word-boundary", B: "no-word-boundary" } as const;
    if (Object.hasOwn(anchors, char)) {
      this.#in.next();
      return [{ type: "anchor", kind: anchors[char as keyof typeof anchors] }];
    }
    return [this.#literal(this.#in.escapedCharacter())];
  }

  #literal(codePoint: number): ExpressionNode {
    if (!this.#flags.i) return { type: "literal", codePoint };
    return this.#class(inRanges([[codePoint, codePoint]]));
  }

  #class(test: (codePoint: number) => boolean): ExpressionNode {
    return { type: "class", test: this.#flags.i ? ignoringCase(test) : test };
  }

  #repeats(node: ExpressionNode): ExpressionNode {
    let repeated = node;
    for (let times = 0; ; times++) {
      const range = this.#repetition();
      if (range === null) return repeated;
      if (times > 0) throw this.#in.error("a repetition stands behind another one");
      const greedy = this.#in.take("?") === this.#flags.U;
      repeated = { type: "repeat", node: repeated, ...range, greedy };
    }
  }

  #repetition(): { min: number; max: number | null } | null {
    if (this.#in.take("*")) return { min: 0, max: null };
    if (this.#in.take("+")) return { min: 1, max: null };
    if (this.#in.take("?")) return { min: 0, max: 1 };
    const found = this.#in.match(/\{(\d+)(,)?(\d+)?\}/y);
    if (found === null) return null;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === undefined ? null : Number(found[3]);
    if (min > REPEAT_LIMIT || (max ?? 0) > REPEAT_LIMIT || (max !== null && max < min)) {
      throw new ExpressionError(`the repetition ${found[0]} is not possible`);
    }
    return { min, max };
  }
}
