/** Cuts Go templates into text and actions, and actions into words. Source: Go 1.26, text/template/parse. */
import { TemplateError } from "./template-value.ts";

/** A stretch of text, or the inside of `{{ … }}` without trim marks and comments. */
export type TemplatePiece = { readonly type: "text" | "action"; readonly text: string; readonly line: number };

/** A word of an action. `glued` says that no space stands before it. */
export type Token = {
  readonly type: "field" | "dot" | "variable" | "word" | "literal" | "mark";
  readonly text: string;
  readonly value: string | number | bigint | null;
  readonly glued: boolean;
};

/** The text and actions of a template, white space trimmed as `{{-` and `-}}` ask. */
export function splitTemplate(source: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let at = 0;
  let line = 1;
  let trimNext = false;
  const text = (end: number, trimEnd: boolean) => {
    const raw = source.slice(at, end);
    const start = trimNext ? raw.trimStart() : raw;
    const kept = trimEnd ? start.trimEnd() : start;
    const skipped = raw.length - start.length;
    if (kept !== "") pieces.push({ type: "text", text: kept, line: line + countNewlines(raw.slice(0, skipped)) });
    line += countNewlines(raw);
  };
  for (;;) {
    const open = source.indexOf("{{", at);
    if (open < 0) break;
    const trims = /^-\s/.test(source.slice(open + 2, open + 4));
    text(open, trims);
    const from = open + (trims ? 3 : 2);
    const close = endOfAction(source, from, line);
    const trimsAfter = source[close - 1] === "-" && /\s/.test(source[close - 2] ?? "");
    const inner = source.slice(from, trimsAfter ? close - 1 : close);
    if (!/^\s*\/\*/.test(inner)) pieces.push({ type: "action", text: inner, line });
    line += countNewlines(source.slice(open, close));
    trimNext = trimsAfter;
    at = close + 2;
  }
  text(source.length, false);
  return pieces;
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** What may end an action, or hide its end. */
const STOP = /["`']|\}\}/g;

function endOfAction(source: string, from: number, line: number): number {
  if (/^\s*\/\*/.test(source.slice(from, from + 8))) {
    const end = source.indexOf("*/", from);
    const close = end < 0 ? -1 : source.indexOf("}}", end);
    if (close < 0) throw new TemplateError("a comment is not closed", line);
    return close;
  }
  for (let at = from; ; at++) {
    STOP.lastIndex = at;
    const stop = STOP.exec(source);
    if (stop === null) break;
    if (stop[0] === "}}") return stop.index;
    at = endOfString(source, stop.index, line);
  }
  throw new TemplateError("an action {{ is not closed", line);
}

function endOfString(source: string, from: number, line: number): number {
  const quote = source[from];
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === "\\" && quote !== "`") at++;
    else if (source[at] === quote) return at;
  }
  throw new TemplateError("a string is not closed", line);
}

const SPACE = /\s*/y;
const NAME = /[\p{L}\p{N}_]*/uy;
const NUMBER = /[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y;
const STRING = /"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'/suy;

/** The words of an action. */
export function tokensOf(action: string, line: number): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ; ) {
    const start = at + (taken(SPACE, action, at)?.length ?? 0);
    if (start >= action.length) return tokens;
    const token = tokenAt(action, start);
    if (token === null) {
      const rest = JSON.stringify(action.slice(start, start + 20));
      throw new TemplateError(`the action holds ${rest}, which is not understood`, line);
    }
    tokens.push({ ...token, glued: start === at && tokens.length > 0 });
    at = start + token.text.length;
  }
}

/** What the sticky `form` matches at `at`; null when that is nothing. */
function taken(form: RegExp, text: string, at: number): string | null {
  form.lastIndex = at;
  return form.test(text) ? text.slice(at, form.lastIndex) : null;
}

function tokenAt(action: string, at: number): Omit<Token, "glued"> | null {
  const char = action[at] ?? "";
  const next = action[at + 1] ?? "";
  switch (char) {
    case ".": {
      if (next >= "0" && next <= "9") break;
      const name = taken(NAME, action, at + 1) ?? "";
      return { type: name === "" ? "dot" : "field", text: `.${name}`, value: null };
    }
    case "$":
      return { type: "variable", text: `$${taken(NAME, action, at + 1) ?? ""}`, value: null };
    case '"':
    case "`":
    case "'": {
      const text = taken(STRING, action, at);
      return text === null ? null : { type: "literal", text, value: unquote(text) };
    }
    case ":":
      return next === "=" ? { type: "mark", text: ":=", value: null } : null;
    case "=":
    case "|":
    case "(":
    case ")":
    case ",":
      return { type: "mark", text: char, value: null };
  }
  const number = taken(NUMBER, action, at);
  if (number !== null) return { type: "literal", text: number, value: numberOf(number) };
  const word = taken(NAME, action, at) ?? "";
  return word === "" ? null : { type: "word", text: word, value: null };
}

/** A whole number is an int for Go, one with a point or an exponent a float64. */
function numberOf(text: string): number | bigint {
  const digits = text.replaceAll("_", "");
  if (/^[+-]?0[xXoObB]/.test(digits) || /^[+-]?\d+$/.test(digits)) {
    const size = BigInt(digits.replace(/^[+-]/, "").replace(/^0(?=[0-7]+$)/, "0o"));
    return digits.startsWith("-") ? -size : size;
  }
  return Number(digits);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

function unquote(text: string): string | bigint {
  const inner = text.slice(1, -1);
  if (text.startsWith("`")) return inner;
  const plain = inner.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, x, u, U, o, c) => {
      const code = x ?? u ?? U;
      if (code !== undefined) return String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff));
      return o !== undefined ? String.fromCharCode(Number.parseInt(o, 8)) : (ESCAPES[c] ?? c);
    },
  );
  return text.startsWith("'") ? BigInt(plain.codePointAt(0) ?? 0) : plain;
}
