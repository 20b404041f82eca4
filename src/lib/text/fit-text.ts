/** Text for a terminal of so many columns. One character is taken for one cell: names and larder's sentences have no others. */

/**
 * A name in at most `cells` characters: what is too long loses its middle, and keeps its end, where an image's tag and a
 * path's file stand, whole as long as that has room. `docker.io/libr…/nginx:1.27`
 */
export function cutMiddle(text: string, cells: number): string {
  if (text.length <= cells) return text;
  if (cells <= 1) return "…".slice(0, Math.max(0, cells));
  const tail = tailOf(text, cells - 1 - Math.min(6, Math.floor(cells / 4)));
  const end = tail ?? text.slice(text.length - Math.floor((cells - 1) / 2));
  return `${text.slice(0, cells - 1 - end.length)}…${end}`;
}

/** The last parts of a name that fit in `cells`: with the last slash, or else from the tag's colon on; null: none do. */
function tailOf(text: string, cells: number): string | null {
  for (const at of [text.lastIndexOf("/"), text.lastIndexOf(":")]) {
    if (at > 0 && text.length - at <= cells) return text.slice(at);
  }
  return null;
}

/** A digest: whole where it fits in `cells` characters, else its algorithm and its first 12 digits. */
export function shortenDigest(digest: string, cells: number): string {
  return digest.length <= cells ? digest : digest.slice(0, digest.indexOf(":") + 1 + SHORT_DIGITS);
}

const SHORT_DIGITS = 12;
/** `sha256:` and 12 digits. */
export const SHORT_DIGEST_CELLS = "sha256:".length + SHORT_DIGITS;

/**
 * Breaks a text into lines of at most `cells` characters, between words. A line break stays one; a line that begins with
 * space (an example, a table) stays as it is, for as long as it fits. A word that is longer than a line stands alone.
 * `cells` null: nothing is broken.
 */
export function wrapText(text: string, cells: number | null): string {
  if (cells === null) return text;
  return text
    .split("\n")
    .map((line) => wrapLine(line, Math.max(10, cells)))
    .join("\n");
}

function wrapLine(line: string, cells: number): string {
  if (line.length <= cells) return line;
  const indent = /^ */.exec(line)?.[0] ?? "";
  // What follows a term and two spaces or more goes on below itself.
  const found = /^ *\S+(?: \S+)* {2,}/.exec(line)?.[0] ?? "";
  const term = found !== "" && found.length <= cells / 2 ? found : indent;
  const hanging = " ".repeat(term.length);
  const lines: string[] = [];
  let current = term;
  for (const word of line.slice(term.length).split(" ")) {
    const isFirst = current === term || current === hanging;
    const next = isFirst ? `${current}${word}` : `${current} ${word}`;
    if (next.length <= cells || isFirst) current = next;
    else {
      lines.push(current);
      current = `${hanging}${word}`;
    }
  }
  return [...lines, current].map((one) => one.trimEnd()).join("\n");
}
