import type { Located, LocatedMap } from "../found/located-value.ts";

/** `over` upon `base` as Compose merges files and services: maps key by key, lists one after the other, the rest replaced. */
export function mergeServices(base: LocatedMap, over: LocatedMap): LocatedMap {
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below === undefined ? value : merge(key, below, value));
  }
  return { ...over, entries };
}

function merge(key: string, base: Located, over: Located): Located {
  const [below, above] = key === "build" ? [asMap(base), asMap(over)] : [base, over];
  if (below.type === "map" && above.type === "map") return mergeServices(below, above);
  // A service runs one command: these are replaced.
  if (below.type === "list" && above.type === "list" && !/^(?:command|entrypoint)$/.test(key)) {
    return { ...above, items: [...below.items, ...above.items] };
  }
  return above;
}

/** `build: .` is `build: {context: .}`. */
function asMap(build: Located): Located {
  return build.type === "scalar" ? { ...build, type: "map", entries: new Map([["context", build]]) } : build;
}
