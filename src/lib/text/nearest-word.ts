/** Longer words are not slips of the hand. */
const LONGEST = 40;

/**
 * The word that somebody may have meant who wrote `word`: the same in another spelling (`log-level` for `logLevel`), or one
 * with a letter or two missing, too many, wrong or swapped. Null when none is near.
 */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const written = plain(word);
  if (written === "" || written.length > LONGEST) return null;
  const allowed = Math.max(1, Math.floor(written.length / 3));
  let nearest: string | null = null;
  let least = allowed + 1;
  for (const candidate of known) {
    const steps = distance(written, plain(candidate));
    if (steps < least) [nearest, least] = [candidate, steps];
  }
  return nearest;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_. ]/g, "");
}

/** Letters to insert, delete, replace or swap with a neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last?.[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last?.[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast?.[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last?.[b.length] ?? 0;
}
