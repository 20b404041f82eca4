/**
 * The patterns of `${V#p}`, `${V%p}` and `${V/p/x}`: `*` is any text, `?` any character, a backslash takes both away.
 * Found without regular expressions, so that no pattern takes longer than the text is long.
 */

type Token = string | { readonly any: "one" | "many" };

/** No tag or name is longer; what is stays as it is. */
const LENGTH_LIMIT = 512;
const PATTERN_LIMIT = 128;

/** The text without what matches at its front or end: the shortest match, or with `longest` the longest. */
export function removeMatch(text: string, pattern: string, side: "front" | "end", longest: boolean): string {
  if (text.length > LENGTH_LIMIT || pattern.length > PATTERN_LIMIT) return text;
  const characters = side === "front" ? Array.from(text) : Array.from(text).reverse();
  const tokens = side === "front" ? tokensOf(pattern) : tokensOf(pattern).reverse();
  const ends = matchEnds(characters, tokens, 0);
  const end = longest ? ends.at(-1) : ends[0];
  if (end === undefined) return text;
  const rest = characters.slice(end);
  return (side === "front" ? rest : rest.reverse()).join("");
}

/** The text with the first match, or all, replaced; each match is as long as can be. */
export function replaceMatches(text: string, pattern: string, replacement: string, all: boolean): string {
  if (text.length > LENGTH_LIMIT || pattern.length > PATTERN_LIMIT || pattern === "") return text;
  const characters = Array.from(text);
  const tokens = tokensOf(pattern);
  let output = "";
  for (let at = 0; at < characters.length; ) {
    const end = matchEnds(characters, tokens, at).at(-1) ?? at;
    if (end === at) {
      output += characters[at++];
      continue;
    }
    output += replacement;
    at = end;
    if (!all) return output + characters.slice(at).join("");
  }
  return output;
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const char = characters[at] ?? "";
    if (char === "\\") tokens.push(characters[++at] ?? char);
    else tokens.push(char === "*" ? { any: "many" } : char === "?" ? { any: "one" } : char);
  }
  return tokens;
}

/** Where matches that begin at `from` may end, in order. */
function matchEnds(text: readonly string[], tokens: readonly Token[], from: number): number[] {
  let ends = new Set([from]);
  for (const token of tokens) {
    const next = new Set<number>();
    if (typeof token !== "string" && token.any === "many") {
      for (let at = Math.min(...ends); at <= text.length; at++) next.add(at);
    } else {
      for (const at of ends)
        if (at < text.length && (typeof token !== "string" || token === text[at])) next.add(at + 1);
    }
    if (next.size === 0) return [];
    ends = next;
  }
  return [...ends].sort((a, b) => a - b);
}
