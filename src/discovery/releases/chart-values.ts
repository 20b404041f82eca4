/** Values that a release gives to its chart, put together with their places. */
import type { Place } from "../found/place.ts";
import { type Located, type LocatedScalar, scalarFor } from "../found/located-value.ts";

/** `over` upon `base` as Helm merges values: maps key by key, all else replaced. */
function mergeValues(base: Located, over: Located): Located {
  if (base.type !== "map" || over.type !== "map") return over;
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below === undefined ? value : mergeValues(below, value));
  }
  return { ...over, entries };
}

/** All of these, the later ones over the earlier; null when there are none. */
export function mergeAll(values: readonly Located[]): Located | null {
  const [first, ...others] = values.filter(({ type }) => type === "map");
  return first === undefined ? null : others.reduce(mergeValues, first);
}

const INDEX_LIMIT = 1000;

/** The values with `value` set along `path`, as `--set` has it: `a.b[0].c`, a backslash before what is no separator. */
export function setValue(values: Located | null, path: string, value: Located): Located {
  const steps: (string | number)[] = [];
  for (const [, name, index] of path.matchAll(/((?:\\.|[^.[\\])+)|\[(\d{1,4})\]/g)) {
    steps.push(name === undefined ? Math.min(Number(index), INDEX_LIMIT) : name.replace(/\\(.)/g, "$1"));
  }
  return setAt(values, steps, value);
}

function setAt(at: Located | null, steps: readonly (string | number)[], value: Located): Located {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (typeof step === "number") {
    const items = at?.type === "list" ? [...at.items] : [];
    while (items.length < step) items.push(scalarFor(value, null));
    items[step] = setAt(items[step] ?? null, rest, value);
    return { file: value.file, line: value.line, type: "list", items };
  }
  const entries = new Map(at?.type === "map" ? at.entries : []);
  entries.set(step, setAt(entries.get(step) ?? null, rest, value));
  return { file: at?.file ?? value.file, line: at?.line ?? value.line, type: "map", entries };
}

/** What `--set` makes of a text: booleans, null and whole numbers are such, all else is text. */
export function typedScalar(place: Place, text: string): LocatedScalar {
  if (text === "true" || text === "false") return scalarFor(place, text === "true");
  if (text === "null") return scalarFor(place, null);
  return scalarFor(place, /^(?:0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : text);
}
