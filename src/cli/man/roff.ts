/**
 * Manual pages in the macros of man(7), as groff and mandoc both take them: lines of at most 80 bytes, and each sign that a
 * formatter would change (a minus, a quote) written so that it stays what it is when it is copied.
 */
import { wrapText } from "../../lib/text/fit-text.ts";

const LINE_CHARS = 78;

const SIGNS: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  '"': "\\(dq",
  // Terminals without UTF-8 have these, too.
  "…": "...",
  "×": "x",
  "→": "\\->",
  "–": "\\-",
  "’": "\\(aq",
};

/** A text on one line, as it stands. */
function plain(text: string): string {
  return Array.from(text.replaceAll(/\s+/g, " "), (sign) => SIGNS[sign] ?? withNumber(sign)).join("");
}

function withNumber(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  return code < 0x7f ? sign : `\\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}

export function bold(text: string): string {
  return `\\fB${plain(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${plain(text)}\\fR`;
}

/** What has to be written in bold, what somebody fills in (`<file>`, `[name]`) in italics, without the angle brackets. */
export function syntax(text: string): string {
  const parts = text.match(/<[^>]*>|\[[^\]]*\]|[^<[]+/g) ?? [];
  const written = parts.map((part) => {
    if (part.startsWith("<")) return italic(part.slice(1, -1));
    if (part.startsWith("[")) return `[${italic(part.slice(1, -1))}]`;
    // A blank at the end of a bold word would be one of the bold words.
    return part.replaceAll(/\S+/g, (word) => bold(word));
  });
  return written.join("");
}

/** Sentences, over as many lines as they need; what stands in backquotes is bold. */
export function sentences(text: string): string {
  const parts = text.split("`");
  const isMarked = parts.length % 2 === 1;
  const written = isMarked
    ? parts.map((part, index) => (index % 2 === 0 ? plain(part) : bold(part))).join("")
    : plain(text);
  return wrapText(written.trim(), LINE_CHARS).split("\n").map(protect).join("\n");
}

/** A text that begins with a capital and ends with a full stop; `auto: …` begins with a word that stays as it is. */
export function asSentence(text: string): string {
  const begun = /^[\w.-]+:/.test(text) ? text : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return /[.?!:]$/.test(begun) ? begun : `${begun}.`;
}

/** A line that is not to be taken for a request. */
function protect(line: string): string {
  return line.startsWith(".") ? `\\&${line}` : line;
}

export function paragraph(text: string): string {
  return `.PP\n${sentences(text)}`;
}

/** A term, which is written already (`syntax`, `bold`), and what it means. */
export function definition(term: string, meaning: string): string {
  return `.TP\n${protect(term)}\n${sentences(meaning) || "\\&"}`;
}

/** Lines that stay as they are. */
export function listing(lines: readonly string[]): string {
  // A backslash at a line's end: the line goes on.
  const written = lines.map((line) => {
    const escaped = Array.from(line, (sign) => SIGNS[sign] ?? withNumber(sign)).join("");
    return wrapText(escaped, LINE_CHARS).split("\n").map(protect).join(" \\\n");
  });
  return [".PP", ".RS 4", ".EX", ...written, ".EE", ".RE"].join("\n");
}

export function section(title: string, parts: readonly string[]): readonly string[] {
  if (parts.length === 0) return [];
  // A paragraph begins with its section by itself.
  const [first = "", ...rest] = parts;
  return [`.SH ${quoteTitle(title.toUpperCase())}`, first.replace(/^\.PP\n/, ""), ...rest];
}

export function subsection(title: string, parts: readonly string[]): readonly string[] {
  const [first = "", ...rest] = parts;
  return [`.SS ${quoteTitle(title)}`, first.replace(/^\.PP\n/, ""), ...rest];
}

function quoteTitle(title: string): string {
  return `"${plain(title)}"`;
}

/** What a page is: `larder-ls`, 1. */
export type PageHead = { readonly name: string; readonly section: 1 | 5; readonly summary: string };

/** Which larder the pages are of; `date` is a day, such as 2026-11-28. */
export type PageEdition = { readonly version: string; readonly date: string };

/** A whole page. */
export function page(head: PageHead, { version, date }: PageEdition, sections: readonly string[]): string {
  const manual = head.section === 1 ? "User Commands" : "File Formats";
  return `${[
    `.TH ${plain(head.name.toUpperCase())} ${head.section} ${date} "larder ${plain(version)}" "${manual}"`,
    // Left-aligned, and no word is broken: names are there to be copied.
    ".nh",
    ".ad l",
    ".SH NAME",
    wrapText(`${plain(head.name)} \\- ${plain(head.summary)}`, LINE_CHARS),
    ...sections,
  ].join("\n")}\n`;
}
