import type { LocatedScalar } from "../found/located-value.ts";
import type { LineOrigin } from "./yaml-documents.ts";

const LINE = /^\s*(?:export\s+|set\s+|-\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*(?::=|=|:\s)(.*)$/;
const SECTION = /^\s*\[+[^\]]*\]+\s*(?:#.*)?$/;

/**
 * The settings of a text of `NAME=value` lines: dotenv, shell variables, Java properties, INI and TOML, whose sections come
 * apart. Lines that are something else are passed over; of a name that is set twice the last counts.
 */
export function keyValueSections(text: string, origin: LineOrigin): Map<string, LocatedScalar>[] {
  const sections = [new Map<string, LocatedScalar>()];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.length > 2000) continue;
    if (SECTION.test(line)) sections.push(new Map());
    const parts = LINE.exec(line);
    if (parts?.[1] === undefined) continue;
    const value = valueOf(parts[2]?.trim() ?? "");
    const place = origin(index + 1);
    sections.at(-1)?.set(parts[1], { type: "scalar", value, text: value, textLine: place.line, ...place });
  }
  return sections;
}

/** The value without its quotes, or without the comment and the comma that follow it. */
function valueOf(written: string): string {
  const quote = written[0];
  if (quote === '"' || quote === "'") return written.slice(1).split(quote, 1)[0] ?? "";
  return (written.split(/\s[#;]/, 1)[0] ?? "").replace(/[,;]$/, "").trim();
}
