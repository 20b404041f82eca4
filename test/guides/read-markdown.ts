/**
 * The fences and comments of a Markdown text.
 *
 * Source: CommonMark 0.31.2, sections 4.4 (indented code blocks), 4.5 (fenced code blocks) and 4.6 (HTML blocks).
 */
import { GuideMistake } from "./guide-mistake.ts";

export type Fence = {
  readonly kind: "fence";
  /** Of the fence's first line, from 1. */
  readonly line: number;
  readonly language: string;
  /** What follows the language on the fence's first line. */
  readonly words: string;
  /** With a line break at its end, unless it is empty. */
  readonly text: string;
};

/** A comment that has a line for itself. */
export type Comment = { readonly kind: "comment"; readonly line: number; readonly text: string };

const OPENING = /^(?<indent> *)(?<fence>`{3,}|~{3,})\s*(?<language>[^\s`]*)\s*(?<words>[^`]*?)\s*$/;
const COMMENT = /^\s*(<!--.*-->)\s*$/;
const TABLE = /^<!-- run column (?<column>\d+) on (?<host>\S+) -->$/;
const LIST_ITEM = /^\s*(?:[-*+]|\d+[.)])\s/;

/** Reads fences and comments, in order. Throws `GuideMistake` for a fence without an end and for code that has none. */
export function readMarkdown(guide: string, markdown: string): readonly (Fence | Comment)[] {
  const lines = markdown.split("\n");
  const parts: (Fence | Comment)[] = [];
  let isInList = false;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const opening = OPENING.exec(line)?.groups;
    if (opening !== undefined) {
      const end = endOf(lines, index, opening["fence"] ?? "");
      if (end === -1) throw new GuideMistake(guide, index + 1, "this fence has no end");
      parts.push(fenceOf(lines, index, end, opening));
      index = end;
      continue;
    }
    const comment = COMMENT.exec(line)?.[1];
    if (comment !== undefined) parts.push({ kind: "comment", line: index + 1, text: comment });
    const table = TABLE.exec(comment ?? "")?.groups;
    if (table !== undefined) parts.push(...rowsOf(guide, lines, index + 1, table));
    if (LIST_ITEM.test(line)) isInList = true;
    else if (/^\S/.test(line)) isInList = false;
    else if (!isInList && /^ {4,}\S/.test(line) && (lines[index - 1] ?? "").trim() === "")
      throw new GuideMistake(guide, index + 1, "indented code, which nobody runs: put it into a fence");
  }
  return parts;
}

function fenceOf(
  lines: readonly string[],
  start: number,
  end: number,
  { indent = "", language = "", words = "" }: Readonly<Record<string, string>>,
): Fence {
  const prefix = new RegExp(`^ {0,${indent.length}}`);
  const content = lines.slice(start + 1, end).map((line) => `${line.replace(prefix, "")}\n`);
  return { kind: "fence", line: start + 1, language, words, text: content.join("") };
}

/** The code in a column of the table that begins below line `start`, as if each row were a fence. */
function rowsOf(
  guide: string,
  lines: readonly string[],
  start: number,
  { column = "", host = "" }: Readonly<Record<string, string>>,
): readonly Fence[] {
  const first = lines.findIndex((line, index) => index >= start && line.trim() !== "");
  const end = lines.findIndex((line, index) => index > first && !line.startsWith("|"));
  const rows: Fence[] = [];
  // The first two lines are the table's head.
  for (let index = first + 2; index < end; index++) {
    const cells = (lines[index] ?? "").split(/(?<!\\)\|/);
    const code = [...(cells[Number(column)] ?? "").matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
    const text = code.map((each) => `${each.replaceAll("\\|", "|")}\n`).join("");
    if (text !== "") rows.push({ kind: "fence", line: index + 1, language: "sh", words: host, text });
  }
  if (rows.length === 0) throw new GuideMistake(guide, start, `no table with commands in column ${column} follows`);
  return rows;
}

function endOf(lines: readonly string[], start: number, fence: string): number {
  const end = new RegExp(`^ *${fence[0]}{${fence.length},}\\s*$`);
  return lines.findIndex((line, index) => index > start && end.test(line));
}
