/** The functions on text that Helm's templates have. Source: Sprig v3.3.0; Go 1.26, text/template. */
import { textArgument, toCount, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";
import { formatValue } from "./format-value.ts";
import { formatPrintf } from "./printf.ts";
import { quoteText } from "./quote-text.ts";
import { CallFailure, contentOf, TemplateError, TemplateObject, type TemplateValue } from "./template-value.ts";

const REPEAT_LIMIT = 1_000_000;
const INDENT_LIMIT = 10_000;
const REPLACE_LIMIT = 16 * REPEAT_LIMIT;

/** Functions by name. */
export const TEXT_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  print: (args) => printed(args),
  println: (args) => `${args.map((arg) => formatValue(arg)).join(" ")}\n`,
  printf: ([format, ...args]) => formatPrintf(textArgument(format), args),
  html: (args) => escapeHtml(args.map((arg) => formatValue(arg)).join("")),
  js: (args) => escapeScript(args.map((arg) => formatValue(arg)).join("")),
  urlquery: (args) => encodeURIComponent(args.map((arg) => formatValue(arg)).join("")).replaceAll("%20", "+"),
  hello: () => "Hello!",

  toString: ([value]: readonly TemplateValue[]) => toText(value),
  toStrings: ([list]) => texts(list),
  quote: (args) => set(args).map(toText).map(quoteText).join(" "),
  squote: (args) =>
    set(args)
      .map((arg) => `'${toText(arg)}'`)
      .join(" "),
  cat: (args) => set(args).map(toText).join(" "),
  join: ([separator, list]) => texts(list).join(textArgument(separator)),
  sortAlpha: ([list]) => texts(list).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),

  trim: ([text]) => textArgument(text).trim(),
  trimAll: ([characters, text]) => trimCharacters(textArgument(text), textArgument(characters)),
  trimall: ([characters, text]) => trimCharacters(textArgument(text), textArgument(characters)),
  trimPrefix: ([prefix, text]) => {
    const [whole, start] = [textArgument(text), textArgument(prefix)];
    return whole.startsWith(start) ? whole.slice(start.length) : whole;
  },
  trimSuffix: ([suffix, text]) => {
    const [whole, end] = [textArgument(text), textArgument(suffix)];
    return end !== "" && whole.endsWith(end) ? whole.slice(0, -end.length) : whole;
  },
  nospace: ([text]) => textArgument(text).replace(/\s+/g, ""),
  trunc: ([count, text]) => truncate(textArgument(text), toCount(count)),
  substr: ([start, end, text]) => substring(textArgument(text), toCount(start), toCount(end)),
  repeat: ([count, text]) => repeat(textArgument(text), toCount(count)),
  replace: ([from, to, text]) => replace(textArgument(text), textArgument(from), textArgument(to)),
  contains: ([part, text]) => textArgument(text).includes(textArgument(part)),
  hasPrefix: ([prefix, text]) => textArgument(text).startsWith(textArgument(prefix)),
  hasSuffix: ([suffix, text]) => textArgument(text).endsWith(textArgument(suffix)),
  indent: ([count, text]) => indent(textArgument(text), toCount(count)),
  nindent: ([count, text]) => `\n${indent(textArgument(text), toCount(count))}`,
  plural: ([one, many, count]) => (toCount(count) === 1 ? textArgument(one) : textArgument(many)),

  splitList: ([separator, text]) => textArgument(text).split(textArgument(separator)),
  split: ([separator, text]) => numbered(textArgument(text).split(textArgument(separator))),
  splitn: ([separator, count, text]) =>
    numbered(splitAtMost(textArgument(text), textArgument(separator), toCount(count))),
};

/** fmt.Sprint: a space between two that stand side by side, when neither is text. */
function printed(args: readonly TemplateValue[]): string {
  return args.reduce<string>((text, arg, index) => {
    const before = contentOf(args[index - 1]);
    const isApart = index > 0 && typeof before !== "string" && typeof contentOf(arg) !== "string";
    return text + (isApart ? " " : "") + formatValue(contentOf(arg));
  }, "");
}

/** Sprig's list of strings: what is nil is left out, and what is no list is one of its own. */
function texts(value: TemplateValue | undefined): string[] {
  const content = contentOf(value);
  if (content === null) return [];
  return set(Array.isArray(content) ? content : [content]).map(toText);
}

function set(values: readonly TemplateValue[]): TemplateValue[] {
  return values.filter((value) => value !== null);
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

function escapeScript(text: string): string {
  const plain = JSON.stringify(text).slice(1, -1).replaceAll("'", "\\'");
  return plain.replace(/[<>&=]/g, (c) => `\\u00${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function trimCharacters(text: string, characters: string): string {
  let [start, end] = [0, text.length];
  while (start < end && characters.includes(text[start] ?? "")) start++;
  while (end > start && characters.includes(text[end - 1] ?? "")) end--;
  return text.slice(start, end);
}

function replace(text: string, from: string, to: string): string {
  const places = from === "" ? text.length + 1 : text.split(from).length - 1;
  if (text.length + places * to.length > REPLACE_LIMIT)
    throw new TemplateError("replace makes a text that is larger than any chart needs");
  return text.replaceAll(from, () => to);
}

/** Go counts bytes. What is cut in the middle of a character ends in a replacement character. */
function truncate(text: string, count: number): string {
  const bytes = bytesOf(text);
  if (bytes === null) return count < 0 ? text.slice(count) : text.slice(0, count);
  if (count < 0) return bytes.length + count > 0 ? bytes.subarray(bytes.length + count).toString() : text;
  return bytes.subarray(0, count).toString();
}

function substring(text: string, start: number, end: number): string {
  const bytes = bytesOf(text) ?? Buffer.from(text);
  const stop = end < 0 || end > bytes.length ? bytes.length : end;
  if (start < 0) {
    if (end < 0) throw new CallFailure("the positions lie outside of the text");
    return bytes.subarray(0, stop).toString();
  }
  if (start > stop) throw new CallFailure("the positions lie outside of the text");
  return bytes.subarray(start, stop).toString();
}

/** The text's bytes; null where each character is one. */
function bytesOf(text: string): Buffer | null {
  const bytes = Buffer.from(text);
  return bytes.length === text.length ? null : bytes;
}

function repeat(text: string, count: number): string {
  if (count < 0) throw new CallFailure("the count is below zero");
  if (text.length * count > REPEAT_LIMIT)
    throw new TemplateError("repeat makes a text that is larger than any chart needs");
  return text.repeat(count);
}

function indent(text: string, count: number): string {
  if (count < 0) throw new CallFailure("the count is below zero");
  const space = " ".repeat(Math.min(count, INDENT_LIMIT));
  if (text.length + space.length * 64 > REPEAT_LIMIT * 16)
    throw new TemplateError("indent makes a text that is too large");
  return space + text.replaceAll("\n", `\n${space}`);
}

function splitAtMost(text: string, separator: string, count: number): string[] {
  const parts = text.split(separator);
  if (count === 0) return [];
  return count < 0 || parts.length <= count
    ? parts
    : [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

function numbered(parts: readonly string[]): TemplateValue {
  return new TemplateObject("map[string]string", new Map(), new Map(parts.map((part, index) => [`_${index}`, part])));
}
