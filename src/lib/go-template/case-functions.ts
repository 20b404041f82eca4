/** The functions that change letters and lengths of words. Source: Sprig v3.3.0; goutils v1.1.1; xstrings v1.5. */
import { textArgument, toCount } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";

/** Functions by name. */
export const CASE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  upper: ([text]) => textArgument(text).toUpperCase(),
  lower: ([text]) => textArgument(text).toLowerCase(),
  title: ([text]) =>
    textArgument(text).replace(
      /(^|[^\p{L}\p{N}_])(\p{L})/gu,
      (_, before: string, first: string) => before + first.toUpperCase(),
    ),
  untitle: ([text]) =>
    textArgument(text).replace(/(^|\s)(\S)/g, (_, space: string, first: string) => space + first.toLowerCase()),
  initials: ([text]) =>
    textArgument(text)
      .split(/\s+/)
      .map((word) => word.slice(0, 1))
      .join(""),
  snakecase: ([text]) => words(textArgument(text)).join("_").toLowerCase(),
  kebabcase: ([text]) => words(textArgument(text)).join("-").toLowerCase(),
  camelcase: ([text]) => pascalCase(textArgument(text)),
  swapcase: ([text]) =>
    Array.from(textArgument(text), (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(""),
  abbrev: ([width, text]) => abbreviate(textArgument(text), 0, toCount(width)),
  abbrevboth: ([left, right, text]) => abbreviate(textArgument(text), toCount(left), toCount(right)),
  wrap: ([width, text]) => wrap(textArgument(text), toCount(width), "\n", false),
  wrapWith: ([width, separator, text]) => wrap(textArgument(text), toCount(width), textArgument(separator), true),
};

function words(text: string): string[] {
  return text
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(/[\s_-]+/)
    .filter((word) => word !== "");
}

function pascalCase(text: string): string {
  const [, lead = "", rest = ""] = /^([\s_-]*)(.*)$/s.exec(text) ?? [];
  return lead + rest.replace(/(^|[\s_-]+)(.)/gs, (_, _gap: string, first: string) => first.toUpperCase());
}

function abbreviate(text: string, offset: number, width: number): string {
  if (width < 4 || (offset > 0 && width < 7) || text.length <= width) return text;
  const from = Math.min(offset, text.length, Math.max(text.length - (width - 3), 0));
  if (from <= 4) return `${text.slice(0, width - 3)}...`;
  if (from + width - 3 < text.length) return `...${abbreviate(text.slice(from), 0, width - 3)}`;
  return `...${text.slice(text.length - (width - 3))}`;
}

function wrap(text: string, width: number, separator: string, cutsWords: boolean): string {
  const columns = Math.max(width, 1);
  const lines: string[] = [];
  let at = 0;
  while (text.length - at > columns) {
    if (text[at] === " ") {
      at++;
      continue;
    }
    const space = text.lastIndexOf(" ", at + columns);
    const after = text.indexOf(" ", at + columns);
    const end = space >= at ? space : cutsWords ? at + columns : after < 0 ? text.length : after;
    lines.push(text.slice(at, end));
    at = space < at && cutsWords ? end : end + 1;
  }
  return [...lines, ...(at < text.length ? [text.slice(at)] : [])].join(separator);
}
