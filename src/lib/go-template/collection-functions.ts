/** The functions on lists and dictionaries that Helm's templates have. Source: Sprig v3.3.0; Go 1.26, text/template. */
import type { TemplateFunction } from "./evaluate-template.ts";
import {
  assertBounded,
  deepCopy,
  isEqual,
  isTrue,
  sortedKeys,
  TemplateError,
  type TemplateMap,
  type TemplateValue,
  toList,
  toMap,
  toNumber,
  toText,
} from "./template-value.ts";

const RANGE_LIMIT = 100_000;

/** Functions by name. */
export const COLLECTION_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  list: (args) => [...args],
  tuple: (args) => [...args],
  first: ([list]) => toList(list)[0] ?? null,
  last: ([list]) => toList(list).at(-1) ?? null,
  rest: ([list]) => toList(list).slice(1),
  initial: ([list]) => toList(list).slice(0, -1),
  append: ([list, item]) => [...toList(list), item ?? null],
  push: ([list, item]) => [...toList(list), item ?? null],
  prepend: ([list, item]) => [item ?? null, ...toList(list)],
  concat: (lists) => lists.flatMap(toList),
  reverse: ([list]) => toList(list).toReversed(),
  uniq: ([list]) => toList(list).filter((item, index, all) => all.findIndex((other) => isEqual(other, item)) === index),
  without: ([list, ...out]) => toList(list).filter((item) => !out.some((other) => isEqual(other, item))),
  has: ([item, list]) => toList(list).some((other) => isEqual(other, item ?? null)),
  compact: ([list]) => toList(list).filter(isTrue),
  slice: ([value, start, end]) => sliceOf(value ?? null, start, end),
  chunk: ([size, list]) => chunks(toList(list), Math.max(1, toNumber(size))),
  until: ([count]) => numbers(0, toNumber(count), Math.sign(toNumber(count))),
  untilStep: ([start, end, step]) => numbers(toNumber(start), toNumber(end), toNumber(step)),
  seq: (args) => sequence(args.map(toNumber)).join(" "),
  len: ([value]) => sizeOf(value ?? null),
  index: ([value, ...keys]) => keys.reduce<TemplateValue>((at, key) => elementAt(at, key), value ?? null),

  dict: (args) => pairs(args),
  get: ([map, key]) => toMap(map).get(toText(key)) ?? "",
  set: ([map, key, value]) => toMap(map).set(toText(key), value ?? null),
  unset: ([map, key]) => without(toMap(map), toText(key)),
  hasKey: ([map, key]) => toMap(map).has(toText(key)),
  keys: (maps) => maps.flatMap((map) => sortedKeys(toMap(map))),
  values: ([map]) => sortedKeys(toMap(map)).map((key) => toMap(map).get(key) ?? null),
  pick: ([map, ...keys]) => filtered(toMap(map), (key) => keys.includes(key)),
  omit: ([map, ...keys]) => filtered(toMap(map), (key) => !keys.includes(key)),
  pluck: ([key, ...maps]) => maps.flatMap((map) => toMap(map).get(toText(key)) ?? []),
  dig: (args) => dig(args),
  merge: ([target, ...sources]) =>
    sources.reduce<TemplateMap>((into, from) => mergeMaps(into, toMap(from), false), toMap(target)),
  mergeOverwrite: ([target, ...sources]) =>
    sources.reduce<TemplateMap>((into, from) => mergeMaps(into, toMap(from), true), toMap(target)),
  deepCopy: ([value]) => deepCopy(value ?? null),
  deepEqual: ([a, b]) => isEqual(a ?? null, b ?? null),
};

/** Merges `from` into `into`, dictionary by dictionary. What is there stays, unless `overwrite` says otherwise or it is empty. */
export function mergeMaps(into: TemplateMap, from: TemplateMap, overwrite: boolean): TemplateMap {
  assertBounded(from);
  for (const [key, value] of from) {
    const present = into.get(key);
    if (present instanceof Map && value instanceof Map) mergeMaps(present, value, overwrite);
    else if (overwrite || !isTrue(present ?? null)) into.set(key, deepCopy(value));
  }
  return into;
}

function sliceOf(
  value: TemplateValue,
  start: TemplateValue | undefined,
  end: TemplateValue | undefined,
): TemplateValue {
  const to = end === undefined ? undefined : toNumber(end);
  return typeof value === "string" ? value.slice(toNumber(start), to) : toList(value).slice(toNumber(start), to);
}

function chunks(list: TemplateValue[], size: number): TemplateValue[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

function numbers(start: number, end: number, step: number): number[] {
  const count = step === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
  if (count > RANGE_LIMIT) throw new TemplateError(`a range of ${count} numbers is larger than any chart needs`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

function sequence(args: readonly number[]): number[] {
  const [a = 1, b, c] = args;
  const [start, step, end] =
    c !== undefined ? [a, b ?? 1, c] : b !== undefined ? [a, a <= b ? 1 : -1, b] : [1, a < 1 ? -1 : 1, a];
  return numbers(start, end + Math.sign(step), step);
}

function sizeOf(value: TemplateValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return value instanceof Map ? value.size : toList(value).length;
}

function elementAt(value: TemplateValue, key: TemplateValue): TemplateValue {
  if (value instanceof Map) return value.get(toText(key)) ?? null;
  return typeof value === "string" ? value.charCodeAt(toNumber(key)) : (toList(value)[toNumber(key)] ?? null);
}

function pairs(args: readonly TemplateValue[]): TemplateMap {
  const map: TemplateMap = new Map();
  for (let at = 0; at < args.length; at += 2) map.set(toText(args[at]), args[at + 1] ?? "");
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
    if (!(at instanceof Map) || !at.has(toText(key))) return fallback;
    at = at.get(toText(key)) ?? null;
  }
  return at;
}
