/**
 * Patterns for names with slashes: `*` is any run of characters but slashes, `**` any run at all; everything else is
 * itself, letter by letter. There is no way to quote a star: no name has one.
 */

/** A piece of a pattern: text, or a run of anything, which may or may not pass slashes. */
type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "run"; readonly passesSlashes: boolean };

/** Makes the function that tells whether a text matches. It looks at each place of the text once for each piece. */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (!pattern.includes("*")) return (text) => text === pattern;
  if (pattern === "**") return () => true;
  const pieces = piecesOf(pattern);
  return (text) => matches(text, pieces);
}

function piecesOf(pattern: string): readonly Piece[] {
  const parts = pattern.match(/\*+|[^*]+/g) ?? [];
  return parts.map((part) =>
    part.startsWith("*") ? { kind: "run", passesSlashes: part.length > 1 } : { kind: "text", text: part },
  );
}

/** Goes through the pieces with all the places that the ones before can end at: no pattern makes it try again. */
function matches(text: string, pieces: readonly Piece[]): boolean {
  let places: ReadonlySet<number> = new Set([0]);
  for (const piece of pieces) {
    const next = new Set<number>();
    for (const place of places) {
      if (piece.kind === "text") {
        if (text.startsWith(piece.text, place)) next.add(place + piece.text.length);
        continue;
      }
      const slash = piece.passesSlashes ? -1 : text.indexOf("/", place);
      const last = slash < 0 ? text.length : slash;
      // What is there already was added with everything behind it that this run reaches.
      for (let end = place; end <= last && !next.has(end); end++) next.add(end);
    }
    if (next.size === 0) return false;
    places = next;
  }
  return places.has(text.length);
}
