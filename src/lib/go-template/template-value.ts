/** The values that Go templates work on, and how Go judges and prints them. */

/** A value. Maps are `Map`s, so that no key of a chart can touch a prototype. */
export type TemplateValue =
  | null
  | boolean
  | number
  | string
  | TemplateValue[]
  | TemplateMap
  | Unresolved
  | TemplateMethod;
/** A dictionary. */
export type TemplateMap = Map<string, TemplateValue>;
/** A method of an object that the template is given, as `.Files.Get`. */
type TemplateMethod = (args: readonly TemplateValue[]) => TemplateValue;

/** A value that cannot be known here. What is made from it is unresolved for the same reason. */
export class Unresolved {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A template that is broken, or that asks for more work or text than is allowed. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  readonly line: number | null;

  constructor(message: string, line: number | null = null) {
    super(message);
    this.line = line;
  }
}

/** More than this many parts, or characters of text, no value may have. */
const PART_LIMIT = 200_000;
const TEXT_LIMIT = 16 * 1024 * 1024;

/** Go's `truth`: false, zero, and everything empty are not true. What is unresolved counts as true. */
export function isTrue(value: TemplateValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

/** Throws when the value is larger than any chart needs: a few lines can build one that no memory holds. */
export function assertBounded(value: TemplateValue): void {
  let parts = 0;
  let characters = 0;
  const count = (part: TemplateValue, depth: number): void => {
    if (typeof part === "string") characters += part.length;
    if (++parts > PART_LIMIT || depth > 100 || characters > TEXT_LIMIT) {
      throw new TemplateError("the template builds a value that is larger than any chart needs");
    }
    if (Array.isArray(part)) for (const item of part) count(item, depth + 1);
    else if (part instanceof Map) for (const item of part.values()) count(item, depth + 1);
  };
  count(value, 0);
}

/** As `assertBounded`, for the value itself alone: cheap enough for every step. */
export function assertShort<T extends TemplateValue>(value: T): T {
  const size = typeof value === "string" ? value.length / 64 : Array.isArray(value) ? value.length : 0;
  if (size > PART_LIMIT) throw new TemplateError("the template builds a value that is larger than any chart needs");
  return value;
}

/** The keys in the order in which Go's templates go through maps. */
export function sortedKeys(map: TemplateMap): string[] {
  return [...map.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Go's `%v`. */
export function formatValue(value: TemplateValue): string {
  assertBounded(value);
  return format(value);
}

function format(value: TemplateValue): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(format).join(" ")}]`;
  if (value instanceof Map)
    return `map[${sortedKeys(value)
      .map((key) => `${key}:${format(value.get(key) ?? null)}`)
      .join(" ")}]`;
  if (value instanceof Unresolved || typeof value === "function") return "<unresolved>";
  return typeof value === "number" ? formatNumber(value) : String(value);
}

/** Numbers as Helm prints them: those of values files keep their digits, however large. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** Sprig's `toString`: empty for nil. */
export function toText(value: TemplateValue | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : formatValue(value);
}

/** Sprig's number casts: what is no number is 0. */
export function toNumber(value: TemplateValue | undefined): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = typeof value === "number" ? value : typeof value === "string" ? Number(value.trim() || "0") : 0;
  return Number.isFinite(number) ? number : 0;
}

/** The dictionary, or an empty one. */
export function toMap(value: TemplateValue | undefined): TemplateMap {
  return value instanceof Map ? value : new Map();
}

/** The list, or an empty one. */
export function toList(value: TemplateValue | undefined): TemplateValue[] {
  return Array.isArray(value) ? value : [];
}

/** A copy that shares nothing with the value. */
export function deepCopy(value: TemplateValue): TemplateValue {
  assertBounded(value);
  const copy = (part: TemplateValue): TemplateValue => {
    if (Array.isArray(part)) return part.map(copy);
    return part instanceof Map ? new Map([...part].map(([key, item]) => [key, copy(item)])) : part;
  };
  return copy(value);
}

/** Are the values equal, all the way down? */
export function isEqual(a: TemplateValue, b: TemplateValue): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i] ?? null));
  if (!(a instanceof Map)) return a === b;
  if (!(b instanceof Map) || a.size !== b.size) return false;
  return [...a].every(([key, item]) => b.has(key) && isEqual(item, b.get(key) ?? null));
}
