/** Levels that no manifest and no chart has; parsers of YAML call themselves for each. */
export const NESTING_LIMIT = 2_000;

/** May a text of YAML or JSON nest deeper than `NESTING_LIMIT`? Judged by its brackets and dashes, before a parser is given it. */
export function nestsTooDeeply(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x5b || char === 0x7b) depth++;
    else if (char === 0x5d || char === 0x7d) depth--;
    if (depth > NESTING_LIMIT) return true;
  }
  // Block sequences nest on one line as `- - - a`, keys as `? ? a`.
  return /(?:[-?] ){2000}/.test(text);
}
