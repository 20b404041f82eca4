import type { LocatedScalar } from "../found/located-value.ts";
import type { LineOrigin } from "./yaml-documents.ts";

const LINE =
  /^\s*(?:export\s+|set\s+|-\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*(?:=|:=|:\s)\s*(?:"([^"]*)"|'([^']*)'|([^#;"'\s][^#"']*?))\s*[,;]?\s*(?:[#;].*)?$/;
const SECTION = /^\s*\[+[^\]]*\]+\s*(?:#.*)?$/;

/**
 * The settings of a text of `NAME=value` lines: dotenv, shell variables, Java properties, INI and TOML, whose sections come
 * apart. Lines that are something else are passed over; of a name that is set twice the last counts.
 */
export function keyValueSections(text: string, origin: LineOrigin): Map<string, LocatedScalar>[] {
  const sections = [new Map<string, LocatedScalar>()];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.length > 2000) continue;
    if (SECTION.test(line)) sections.push(new Map());
    const parts = LINE.exec(line);
    if (parts?.[1] === undefined) continue;
    const value = parts[2] ?? parts[3] ?? parts[4] ?? "";
    const place = origin(index + 1);
    sections.at(-1)?.set(parts[1], { type: "scalar", value, text: value, textLine: place.line, ...place });
  }
  return sections;
}
