/** Patterns of file names, as charts use them: in `.helmignore` and in `.Files.Glob`. */
import { ExpressionError } from "../../lib/re2/expression-tree.ts";
import { LinearExpression } from "../../lib/re2/linear-expression.ts";

/** Does a path match? */
export type PathTest = (path: string) => boolean;

/**
 * A pattern of `.Files.Glob`: `*` and `?` stop at a slash, `**` does not, `{a,b}` is a choice. One that is broken
 * matches everything, as it does in Helm. Source: gobwas/glob v0.2.3.
 */
export function globPattern(pattern: string): PathTest {
  return compile(pattern, true) ?? (() => true);
}

/** A pattern as Go's `filepath.Match` has them: `*`, `?` and `[a-z]`. Null when it is broken. */
export function shellPattern(pattern: string): PathTest | null {
  return compile(pattern, false);
}

function compile(pattern: string, isGlob: boolean): PathTest | null {
  let expression = "";
  let open = 0;
  for (const [piece] of pattern.matchAll(/\*\*|\\.|\[[!^]?\]?[^\]]*\]|[^]/gu)) {
    if (piece === "**" && isGlob) expression += ".*";
    else if (piece === "*" || piece === "**") expression += "[^/]*";
    else if (piece === "?") expression += "[^/]";
    else if (piece.startsWith("[") && piece.length > 1) expression += piece.replace(/^\[!/, "[^");
    else if (piece === "[" || piece === "\\") return null;
    else if (isGlob && piece === "{") [expression, open] = [`${expression}(?:`, open + 1];
    else if (isGlob && piece === "}" && open > 0) [expression, open] = [`${expression})`, open - 1];
    else expression += isGlob && piece === "," && open > 0 ? "|" : quote(piece.replace(/^\\/, ""));
  }
  try {
    const compiled = new LinearExpression(`(?s)^(?:${expression})$`);
    return (path) => compiled.exec(path) !== null;
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
}

function quote(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}
