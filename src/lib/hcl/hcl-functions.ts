import type { HclValue } from "./hcl-value.ts";

type HclFunction = (given: readonly HclValue[]) => HclValue;

const LENGTH_LIMIT = 100_000;

function text(value: HclValue): string {
  return value === null || value === undefined || typeof value === "object" ? "" : String(value);
}

function list(value: HclValue): readonly HclValue[] {
  return Array.isArray(value) ? value : [];
}

function map(value: HclValue): Readonly<Record<string, HclValue>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function replaced(value: string, from: string, to: string): HclValue {
  const result = value.split(from).join(to);
  return result.length > LENGTH_LIMIT ? undefined : result;
}

/** `%s`, `%d`, `%v`, `%%`; other verbs cannot be told. */
function format([pattern, ...given]: readonly HclValue[]): HclValue {
  let isKnown = true;
  const result = text(pattern).replace(/%(.)/g, (_, verb: string) => {
    if (verb === "%") return "%";
    if (!"sdv".includes(verb)) isKnown = false;
    return text(given.shift());
  });
  return isKnown ? result : undefined;
}

/** Functions of the standard library that names and tags are made with. */
export const HCL_FUNCTIONS: ReadonlyMap<string, HclFunction> = new Map<string, HclFunction>([
  ["lower", ([value]) => text(value).toLowerCase()],
  ["upper", ([value]) => text(value).toUpperCase()],
  ["trimspace", ([value]) => text(value).trim()],
  [
    "trimprefix",
    ([value, prefix]) => (text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : value),
  ],
  [
    "trimsuffix",
    ([value, end]) =>
      text(end) !== "" && text(value).endsWith(text(end)) ? text(value).slice(0, -text(end).length) : value,
  ],
  ["replace", ([value, from, to]) => replaced(text(value), text(from), text(to))],
  [
    "substr",
    ([value, from, length]) => text(value).substr(Number(from), Number(length) < 0 ? undefined : Number(length)),
  ],
  ["split", ([separator, value]) => text(value).split(text(separator))],
  ["join", ([separator, ...lists]) => lists.flatMap(list).map(text).join(text(separator))],
  ["format", format],
  ["sanitize", ([value]) => text(value).replace(/[^A-Za-z0-9_-]/g, "_")],
  ["concat", (lists) => lists.flatMap((one) => [...list(one)])],
  ["flatten", ([lists]) => list(lists).flatMap((one) => (Array.isArray(one) ? one : [one]))],
  ["distinct", ([values]) => [...new Set(list(values))]],
  ["compact", ([values]) => list(values).filter((value) => text(value) !== "")],
  ["coalesce", (given) => given.find((value) => value !== null && value !== "")],
  [
    "length",
    ([value]) =>
      typeof value === "string" ? value.length : Array.isArray(value) ? value.length : Object.keys(map(value)).length,
  ],
  ["element", ([values, index]) => list(values)[Number(index) % Math.max(1, list(values).length)]],
  ["contains", ([values, wanted]) => list(values).includes(wanted)],
  ["lookup", ([values, key, fallback]) => (Object.hasOwn(map(values), text(key)) ? map(values)[text(key)] : fallback)],
  ["merge", (maps) => Object.fromEntries(maps.flatMap((one) => Object.entries(map(one))))],
  ["keys", ([value]) => Object.keys(map(value)).sort()],
  ["equal", ([a, b]) => text(a) === text(b)],
  ["notequal", ([a, b]) => text(a) !== text(b)],
  ["not", ([value]) => value !== true && value !== "true"],
  ["and", ([a, b]) => text(a) === "true" && text(b) === "true"],
  ["or", ([a, b]) => text(a) === "true" || text(b) === "true"],
  ["tostring", ([value]) => text(value)],
  ["tolist", ([value]) => [...list(value)]],
  ["toset", ([value]) => [...new Set(list(value))]],
]);
