/** The values that Go templates work on, how Go judges them, and the bounds that they are held to. */

/**
 * A value. A number is a float64, as all numbers of YAML and JSON are for Helm; a bigint is an int or int64, as literals
 * and sums are. Maps are `Map`s, so that no key of a chart can touch a prototype.
 */
export type TemplateValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | TemplateValue[]
  | TemplateMap
  | TemplateObject
  | Unresolved
  | TemplateMethod;
/** A dictionary. */
export type TemplateMap = Map<string, TemplateValue>;
/** A method of an object that the template is given, as `.Files.Get`. */
type TemplateMethod = (args: readonly TemplateValue[]) => TemplateValue;

/** Where in a file: the path as the template's author gave it to the parser, the line from 1; nulls when not known. */
export type TemplatePlace = { readonly file: string | null; readonly line: number | null };

/**
 * A Go struct, or another type with fields and methods of its own: `.Chart`, `.Files`, a version, a time. Functions that
 * know nothing of it see its `content`: what it prints, ranges over or is written as.
 */
export class TemplateObject {
  readonly typeName: string;
  readonly fields: ReadonlyMap<string, TemplateValue>;
  readonly content: TemplateValue;

  constructor(typeName: string, fields: ReadonlyMap<string, TemplateValue>, content: TemplateValue) {
    this.typeName = typeName;
    this.fields = fields;
    this.content = content;
  }
}

/** A value that cannot be known here. What is made from it is unresolved for the same reason. */
export class Unresolved {
  readonly reason: string;
  /** Where it came up. */
  readonly place: TemplatePlace;

  constructor(reason: string, place: TemplatePlace = { file: null, line: null }) {
    this.reason = reason;
    this.place = place;
  }
}

/** A template that is broken, or that asks for more work or text than is allowed. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  readonly line: number | null;
  readonly file: string | null;

  constructor(message: string, line: number | null = null, file: string | null = null) {
    super(message);
    this.line = line;
    this.file = file;
  }
}

/** A function that Go would refuse these arguments; the call's value is unresolved, and the template goes on. */
export class CallFailure extends Error {
  override readonly name: string = "CallFailure";
}

/** More than this many parts, or characters of text, no value may have. */
const PART_LIMIT = 200_000;
const TEXT_LIMIT = 16 * 1024 * 1024;

/** Go's `truth`: false, zero, and everything empty are not true. What is unresolved counts as true. */
export function isTrue(value: TemplateValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return value instanceof TemplateObject ? isTrue(value.content) : Boolean(value);
}

/** Throws when the value is larger than any chart needs: a few lines can build one that no memory holds. Its parts. */
export function assertBounded(value: TemplateValue): number {
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
  return parts + characters / 64;
}

/** As `assertBounded`, for the value itself alone: cheap enough for every step. */
export function assertShort<T extends TemplateValue>(value: T): T {
  if (sizeOf(value) > PART_LIMIT)
    throw new TemplateError("the template builds a value that is larger than any chart needs");
  return value;
}

/** What it costs to make a value anew, in steps; its parts are not looked into. */
export function sizeOf(value: TemplateValue): number {
  if (typeof value === "string") return value.length / 64;
  return Array.isArray(value) ? value.length / 8 : 0;
}

/** The keys in the order in which Go's templates go through maps. */
export function sortedKeys(map: TemplateMap): string[] {
  return [...map.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** What a function sees of a value: an object's content, anything else as it is. */
export function contentOf(value: TemplateValue | undefined): TemplateValue {
  return value instanceof TemplateObject ? value.content : (value ?? null);
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

/** Are the values equal, all the way down? Numbers are compared by value, whatever their types. */
export function isEqual(a: TemplateValue, b: TemplateValue): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i] ?? null));
  if (a instanceof TemplateObject) return isEqual(a.content, contentOf(b));
  if (b instanceof TemplateObject) return isEqual(a, b.content);
  // A bigint and a number are never identical, and may be equal.
  if (!(a instanceof Map)) return a === b || (isNumeric(a) && isNumeric(b) && a == b);
  if (!(b instanceof Map) || a.size !== b.size) return false;
  return [...a].every(([key, item]) => b.has(key) && isEqual(item, b.get(key) ?? null));
}

function isNumeric(value: TemplateValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
