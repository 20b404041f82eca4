/** So many are sorted, or put in order, in one step: a millisecond or two. */
const STEP = 2000;

/**
 * Sorts texts by their characters' codes, each once, in small steps: a hundred thousand that begin alike take 150 ms in one
 * go. What is in order already costs a look at it, and is handed back as it is.
 */
export function* sortSteps<T extends string>(texts: readonly T[]): Generator<void, readonly T[], void> {
  if (texts.every((text, index) => index === 0 || (texts[index - 1] as T) < text)) return texts;
  let runs: (readonly T[])[] = [];
  for (let at = 0; at < texts.length; at += STEP) {
    runs.push(texts.slice(at, at + STEP).sort());
    yield;
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let pair = 0; pair < runs.length; pair += 2) {
      merged.push(yield* merge(runs[pair] as readonly T[], runs[pair + 1] ?? []));
    }
    runs = merged;
  }
  return yield* eachOnce(runs[0] ?? []);
}

function* merge<T extends string>(left: readonly T[], right: readonly T[]): Generator<void, readonly T[], void> {
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const isLeft = r === right.length || (l < left.length && (left[l] as T) <= (right[r] as T));
    merged.push((isLeft ? left[l++] : right[r++]) as T);
    if (merged.length % STEP === 0) yield;
  }
  return merged;
}

function* eachOnce<T extends string>(sorted: readonly T[]): Generator<void, readonly T[], void> {
  const once: T[] = [];
  for (const [index, text] of sorted.entries()) {
    if (once.at(-1) !== text) once.push(text);
    if (index % STEP === STEP - 1) yield;
  }
  return once;
}
