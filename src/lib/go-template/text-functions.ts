/** The functions on text that Helm's templates have. Source: Sprig v3.3.0; Go 1.26, text/template. */
import type { TemplateEvaluation, TemplateFunction } from "./evaluate-template.ts";
import { formatPrintf } from "./printf.ts";
import { formatValue, TemplateError, type TemplateValue, toList, toNumber, toText } from "./template-value.ts";

const REPEAT_LIMIT = 1_000_000;

/** Functions by name. */
export const TEXT_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  print: (args) => args.map((arg) => (typeof arg === "string" ? arg : formatValue(arg))).join(""),
  println: (args) => `${args.map((arg) => formatValue(arg)).join(" ")}\n`,
  printf: ([format, ...args]) => formatPrintf(toText(format), args),
  html: (args) => escapeHtml(args.map(toText).join("")),
  js: (args) => JSON.stringify(args.map(toText).join("")).slice(1, -1),
  urlquery: (args) => encodeURIComponent(args.map(toText).join("")).replaceAll("%20", "+"),

  toString: ([value]: readonly TemplateValue[]) => toText(value),
  toStrings: ([list]) => toList(list).map(toText),
  quote: (args) =>
    args
      .filter((arg) => arg !== null)
      .map((arg) => JSON.stringify(toText(arg)))
      .join(" "),
  squote: (args) =>
    args
      .filter((arg) => arg !== null)
      .map((arg) => `'${toText(arg)}'`)
      .join(" "),
  upper: ([text]) => toText(text).toUpperCase(),
  lower: ([text]) => toText(text).toLowerCase(),
  title: ([text]) =>
    toText(text).replace(/(^|\s)(\S)/g, (_, space: string, first: string) => space + first.toUpperCase()),
  untitle: ([text]) =>
    toText(text).replace(/(^|\s)(\S)/g, (_, space: string, first: string) => space + first.toLowerCase()),
  trim: ([text]) => toText(text).trim(),
  trimAll: ([chars, text]) => trimChars(toText(text), toText(chars)),
  trimall: ([chars, text]) => trimChars(toText(text), toText(chars)),
  trimPrefix: ([prefix, text]) =>
    toText(text).startsWith(toText(prefix)) ? toText(text).slice(toText(prefix).length) : toText(text),
  trimSuffix: ([suffix, text]) => withoutSuffix(toText(text), toText(suffix)),
  nospace: ([text]) => toText(text).replace(/\s+/g, ""),
  trunc: ([count, text]) => truncate(toText(text), toNumber(count)),
  abbrev: ([width, text]) => abbreviate(toText(text), toNumber(width)),
  substr: ([start, end, text]) => substring(toText(text), toNumber(start), toNumber(end)),
  repeat: ([count, text]) => repeat(toText(text), toNumber(count)),
  replace: ([from, to, text]) => toText(text).replaceAll(toText(from), () => toText(to)),
  contains: ([part, text]) => toText(text).includes(toText(part)),
  hasPrefix: ([prefix, text]) => toText(text).startsWith(toText(prefix)),
  hasSuffix: ([suffix, text]) => toText(text).endsWith(toText(suffix)),
  cat: (args) =>
    args
      .filter((arg) => arg !== null)
      .map(toText)
      .join(" "),
  indent: ([count, text]) => indent(toText(text), toNumber(count)),
  nindent: ([count, text]) => `\n${indent(toText(text), toNumber(count))}`,
  wrap: ([, text]) => toText(text),
  initials: ([text]) =>
    toText(text)
      .split(/\s+/)
      .map((word) => word.slice(0, 1))
      .join(""),
  plural: ([one, many, count]) => (toNumber(count) === 1 ? toText(one) : toText(many)),
  snakecase: ([text]) => words(toText(text)).join("_").toLowerCase(),
  kebabcase: ([text]) => words(toText(text)).join("-").toLowerCase(),
  camelcase: ([text]) => words(toText(text)).map(capital).join(""),
  swapcase: ([text]) =>
    Array.from(toText(text), (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(""),

  splitList: ([separator, text]) => toText(text).split(toText(separator)),
  split: ([separator, text]) => numbered(toText(text).split(toText(separator))),
  splitn: ([separator, count, text]) => numbered(splitAtMost(toText(text), toText(separator), toNumber(count))),
  join: ([separator, list]) => (Array.isArray(list) ? list : [list ?? null]).map(toText).join(toText(separator)),
  sortAlpha: ([list]) => toList(list).map(toText).sort(),

  regexMatch: ([pattern, text], run) => regex(run, pattern).test(toText(text)),
  regexFind: ([pattern, text], run) => regex(run, pattern).exec(toText(text))?.[0] ?? "",
  regexFindAll: ([pattern, text, count], run) =>
    limited(toText(text).match(regex(run, pattern, "g")) ?? [], toNumber(count)),
  regexReplaceAll: ([pattern, text, to], run) =>
    toText(text).replace(regex(run, pattern, "g"), goReplacement(toText(to))),
  regexReplaceAllLiteral: ([pattern, text, to], run) =>
    toText(text).replace(regex(run, pattern, "g"), () => toText(to)),
  regexSplit: ([pattern, text, count], run) => limited(toText(text).split(regex(run, pattern)), toNumber(count)),
  regexQuoteMeta: ([text]) => toText(text).replace(/[\\.+*?()|[\]{}^$]/g, "\\$&"),
};

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

function trimChars(text: string, chars: string): string {
  let [start, end] = [0, text.length];
  while (start < end && chars.includes(text[start] ?? "")) start++;
  while (end > start && chars.includes(text[end - 1] ?? "")) end--;
  return text.slice(start, end);
}

function withoutSuffix(text: string, suffix: string): string {
  return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

function truncate(text: string, count: number): string {
  return count < 0 ? text.slice(count) : text.slice(0, count);
}

function abbreviate(text: string, width: number): string {
  return width < 4 || text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}

function substring(text: string, start: number, end: number): string {
  if (start < 0) return text.slice(0, Math.max(end, 0));
  return end < 0 || end > text.length ? text.slice(start) : text.slice(start, end);
}

function repeat(text: string, count: number): string {
  if (text.length * count > REPEAT_LIMIT)
    throw new TemplateError("repeat makes a text that is larger than any chart needs");
  return text.repeat(Math.max(0, Math.trunc(count)));
}

function indent(text: string, count: number): string {
  const space = " ".repeat(Math.min(Math.max(Math.trunc(count), 0), 1000));
  return space + text.replaceAll("\n", `\n${space}`);
}

function words(text: string): string[] {
  return text
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .split(/[\s_.-]+/)
    .filter((word) => word !== "");
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
}

function splitAtMost(text: string, separator: string, count: number): string[] {
  const parts = text.split(separator);
  return count <= 0 || parts.length <= count
    ? parts
    : [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

function numbered(parts: readonly string[]): TemplateValue {
  return new Map(parts.map((part, index) => [`_${index}`, part]));
}

function limited(parts: readonly string[], count: number): string[] {
  return count < 0 ? [...parts] : parts.slice(0, count);
}

/**
 * Go's expressions are nearly JavaScript's; flags stand in front. The engine gives up a match after some hundred
 * milliseconds; one that repeats a repetition may need them all and is charged for it.
 */
function regex(run: TemplateEvaluation, pattern: TemplateValue | undefined, flags = ""): RegExp {
  const text = toText(pattern);
  run.charge(/[+*}|][^()]*\)[+*{]/.test(text) ? 400_000 : 50);
  const inline = /^\(\?([ims]+)\)/.exec(text);
  const body = text
    .slice(inline?.[0].length ?? 0)
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\z", "$")
    .replaceAll("\\A", "^");
  const classes = body
    .replaceAll("[:alnum:]", "a-zA-Z0-9")
    .replaceAll("[:alpha:]", "a-zA-Z")
    .replaceAll("[:digit:]", "0-9");
  try {
    return new RegExp(classes, flags + (inline?.[1] ?? ""));
  } catch (cause) {
    throw new TemplateError(`the expression ${JSON.stringify(text.slice(0, 80))} is not understood: ${String(cause)}`);
  }
}

function goReplacement(text: string): string {
  return text.replace(/\$\{(\w+)\}|\$(\w+)/g, (_, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? "";
    return name === "0" ? "$&" : /^\d+$/.test(name) ? `$${name}` : `$<${name}>`;
  });
}
