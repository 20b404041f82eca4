/**
 * Compares what a block of commands printed with what its guide shows.
 *
 * A line that is `…` alone stands for any number of lines, none included; `…` within a line for any text. How many
 * blanks stand together does not count, as columns are as wide as what is in them.
 */

const WILDCARD = "…";

/** Does `actual` say what `expected` shows? */
export function outputMatches(expected: string, actual: string): boolean {
  return matchLines(linesOf(expected), linesOf(actual));
}

/** Has what goes on printing said what `expected` shows, whatever it said before and after? */
export function outputHas(expected: string, actual: string): boolean {
  return matchLines([WILDCARD, ...linesOf(expected), WILDCARD], linesOf(actual));
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.replaceAll(/\s+/g, " ").trimEnd());
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function matchLines(expected: readonly string[], actual: readonly string[]): boolean {
  // possible[n]: the expected lines so far can stand for the first n lines.
  let possible = new Set([0]);
  for (const line of expected) {
    const next = new Set<number>();
    if (line === WILDCARD) {
      for (let count = Math.min(...possible); count <= actual.length; count++) next.add(count);
    } else {
      const pattern = patternOf(line);
      for (const count of possible) if (pattern.test(actual[count] ?? "\n")) next.add(count + 1);
    }
    if (next.size === 0) return false;
    possible = next;
  }
  return possible.has(actual.length);
}

function patternOf(line: string): RegExp {
  const parts = line.split(WILDCARD).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
