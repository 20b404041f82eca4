/** The functions on dictionaries. Source: Sprig v3.3.0; mergo v1.0.1. */
import { textArgument, toMap, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";
import {
  CallFailure,
  deepCopy,
  isEqual,
  isTrue,
  sortedKeys,
  type TemplateMap,
  type TemplateValue,
} from "./template-value.ts";

/** Functions by name. */
export const MAP_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  dict: (args) => pairs(args),
  get: ([map, key]) => {
    const found = toMap(map).get(textArgument(key));
    return found === undefined ? "" : found;
  },
  set: ([map, key, value]) => existing(map).set(textArgument(key), value ?? null),
  unset: ([map, key]) => without(existing(map), textArgument(key)),
  hasKey: ([map, key]) => toMap(map).has(textArgument(key)),
  keys: (maps) => maps.flatMap((map) => sortedKeys(toMap(map))),
  values: ([map]) => sortedKeys(toMap(map)).map((key) => toMap(map).get(key) ?? null),
  pick: ([map, ...keys]) => filtered(toMap(map), (key) => keys.includes(key)),
  omit: ([map, ...keys]) => filtered(toMap(map), (key) => !keys.includes(key)),
  pluck: ([key, ...maps]) =>
    maps.flatMap((map) => (toMap(map).has(textArgument(key)) ? [toMap(map).get(textArgument(key)) ?? null] : [])),
  dig: (args) => dig(args),
  merge: ([target, ...sources]) =>
    sources.reduce<TemplateMap>((into, from) => mergeMaps(into, toMap(from), false), toMap(target)),
  mergeOverwrite: ([target, ...sources]) =>
    sources.reduce<TemplateMap>((into, from) => mergeMaps(into, toMap(from), true), toMap(target)),
  deepCopy: ([value]) => deepCopy(value ?? null),
  deepEqual: ([a, b]) => isEqual(a ?? null, b ?? null),
};

/**
 * Merges `from` into `into`, dictionary by dictionary, as mergo does. Without `overwrite` only what is empty there (false,
 * 0, "", nothing) is replaced. Dictionaries that are taken over whole are shared, not copied.
 */
function mergeMaps(into: TemplateMap, from: TemplateMap, overwrite: boolean): TemplateMap {
  for (const [key, value] of from) {
    const present = into.get(key);
    if (present instanceof Map && value instanceof Map && present.size + value.size > 0)
      mergeMaps(present, value, overwrite);
    else if (overwrite || (value !== null && !isTrue(present ?? null))) into.set(key, value);
  }
  return into;
}

/** A dictionary that is there: setting in nothing has no effect that could be seen. */
function existing(map: TemplateValue | undefined): TemplateMap {
  if (map === null || map === undefined) throw new CallFailure("the dictionary is not set");
  return toMap(map);
}

function pairs(args: readonly TemplateValue[]): TemplateMap {
  const map: TemplateMap = new Map();
  for (let at = 0; at < args.length; at += 2)
    map.set(toText(args[at]), at + 1 < args.length ? (args[at + 1] ?? null) : "");
  return map;
}

function without(map: TemplateMap, key: string): TemplateMap {
  map.delete(key);
  return map;
}

function filtered(map: TemplateMap, keep: (key: string) => boolean): TemplateMap {
  return new Map([...map].filter(([key]) => keep(key)));
}

function dig(args: readonly TemplateValue[]): TemplateValue {
  const fallback = args.at(-2) ?? null;
  let at: TemplateValue = args.at(-1) ?? null;
  for (const key of args.slice(0, -2)) {
    const map = toMap(at);
    if (!map.has(textArgument(key))) return fallback;
    at = map.get(textArgument(key)) ?? null;
  }
  return at;
}
