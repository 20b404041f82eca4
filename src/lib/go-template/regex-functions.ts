/** The functions on regular expressions. Source: Sprig v3.3.0; Go 1.26, regexp. */
import { ExpressionError } from "../re2/expression-tree.ts";
import { LinearExpression, type Match } from "../re2/linear-expression.ts";
import { textArgument, toCount } from "./cast-value.ts";
import type { TemplateFunction, TemplateRun } from "./template-run.ts";
import { CallFailure, TemplateError, type TemplateValue } from "./template-value.ts";

/** Functions by name. */
export const REGEX_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  regexMatch: ([pattern, text], run) => expression(run, pattern).exec(textArgument(text)) !== null,
  regexFind: ([pattern, text], run) => {
    const match = expression(run, pattern).exec(textArgument(text));
    return match === null ? "" : textArgument(text).slice(match[0], match[1]);
  },
  regexFindAll: ([pattern, text, count], run) =>
    expression(run, pattern)
      .execAll(textArgument(text), limitOf(toCount(count)))
      .map(([from, to]) => textArgument(text).slice(from, to)),
  regexReplaceAll: ([pattern, text, to], run) => {
    const found = expression(run, pattern);
    const [whole, template] = [textArgument(text), textArgument(to)];
    return replaceAll(found, whole, (match) => expand(template, match, whole, found.groupNames));
  },
  regexReplaceAllLiteral: ([pattern, text, to], run) =>
    replaceAll(expression(run, pattern), textArgument(text), () => textArgument(to)),
  regexSplit: ([pattern, text, count], run) => split(expression(run, pattern), textArgument(text), toCount(count)),
  regexQuoteMeta: ([text]) => textArgument(text).replace(/[\\.+*?()|[\]{}^$]/g, "\\$&"),
};

/** Steps of an expression are so much cheaper than those of a template. */
const STEPS_EACH = 16;
const KEPT_EXPRESSIONS = 200;
const RESULT_LIMIT = 16_000_000;
const compiled = new WeakMap<TemplateRun, Map<string, LinearExpression>>();

function expression(run: TemplateRun, pattern: TemplateValue | undefined): LinearExpression {
  const text = textArgument(pattern);
  const known = compiled.get(run) ?? new Map<string, LinearExpression>();
  compiled.set(run, known);
  const made = known.get(text);
  if (made !== undefined) return made;
  run.charge(1 + text.length);
  try {
    const created = new LinearExpression(text, (steps) => run.charge(steps / STEPS_EACH));
    if (known.size < KEPT_EXPRESSIONS) known.set(text, created);
    return created;
  } catch (error) {
    if (error instanceof ExpressionError) throw new CallFailure(error.message);
    throw error;
  }
}

function limitOf(count: number): number {
  return count < 0 ? Number.POSITIVE_INFINITY : count;
}

function replaceAll(found: LinearExpression, text: string, replacement: (match: Match) => string): string {
  let result = "";
  let lastEnd = 0;
  for (const match of found.execAll(text)) {
    const [from = 0, to = 0] = match;
    result += text.slice(lastEnd, from) + replacement(match);
    if (result.length > RESULT_LIMIT) throw new TemplateError("a text becomes larger than any chart needs");
    lastEnd = to;
  }
  return result + text.slice(lastEnd);
}

/** `$1`, `${1}` and `$name`, the name being as long as it can be; `$$` is a dollar; a name that is none is empty. */
function expand(template: string, match: Match, text: string, names: readonly string[]): string {
  return template.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar?: string, braced?: string, bare?: string) => {
    if (dollar !== undefined) return "$";
    const name = braced ?? bare ?? "";
    const index = /^\d+$/.test(name) ? Number(name) : names.indexOf(name);
    const from = match[index * 2] ?? -1;
    return from < 0 ? "" : text.slice(from, match[index * 2 + 1]);
  });
}

function split(found: LinearExpression, text: string, count: number): string[] {
  if (count === 0) return [];
  if (text === "") return [""];
  const parts: string[] = [];
  let [start, end] = [0, 0];
  for (const [from = 0, to = 0] of found.execAll(text, limitOf(count))) {
    if (count > 0 && parts.length === count - 1) break;
    end = from;
    if (to !== 0) parts.push(text.slice(start, end));
    start = to;
  }
  if (end !== text.length) parts.push(text.slice(start));
  return parts;
}
