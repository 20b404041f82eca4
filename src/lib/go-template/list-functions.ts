/** The functions on lists. Source: Sprig v3.3.0; Go 1.26, text/template. */
import { textArgument, toCount, toList, toText } from "./cast-value.ts";
import type { TemplateFunction, TemplateRun } from "./template-run.ts";
import { typeName } from "./format-value.ts";
import { CallFailure, contentOf, isEqual, isTrue, TemplateError, type TemplateValue } from "./template-value.ts";

const RANGE_LIMIT = 100_000;

/** Functions by name. */
export const LIST_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  list: (args) => [...args],
  tuple: (args) => [...args],
  first: ([list]) => toList(list)[0] ?? null,
  last: ([list]) => toList(list).at(-1) ?? null,
  rest: ([list]) => toList(list).slice(1),
  initial: ([list]) => toList(list).slice(0, -1),
  append: ([list, item]) => [...toList(list), item ?? null],
  push: ([list, item]) => [...toList(list), item ?? null],
  prepend: ([list, item]) => [item ?? null, ...toList(list)],
  concat: (lists) => lists.flatMap((list) => toList(list)),
  reverse: ([list]) => toList(list).toReversed(),
  uniq: ([list], run) => unique(toList(list), run),
  without: ([list, ...out]) => toList(list).filter((item) => !out.some((other) => isEqual(other, item))),
  has: ([item, list]) => toList(list).some((other) => isEqual(other, item ?? null)),
  compact: ([list]) => toList(list).filter(isTrue),
  slice: ([value, start, end]) => sliceOf(contentOf(value), start, end),
  chunk: ([size, list]) => chunks(toList(list), Math.max(1, toCount(size))),
  until: ([count]) => numbers(0, toCount(count), Math.sign(toCount(count))),
  untilStep: ([start, end, step]) => numbers(toCount(start), toCount(end), toCount(step)),
  seq: (args) => sequence(args.map(toCount)).join(" "),
  len: ([value]) => BigInt(lengthOf(contentOf(value))),
  index: ([value, ...keys]) =>
    keys.reduce<TemplateValue>((at, key) => elementAt(contentOf(at), contentOf(key)), value ?? null),
};

function unique(list: readonly TemplateValue[], run: TemplateRun): TemplateValue[] {
  const plain = new Set<TemplateValue>();
  const deep: TemplateValue[] = [];
  return list.filter((item) => {
    if (typeof item !== "object" || item === null) return !plain.has(item) && plain.add(item) !== null;
    run.charge(deep.length);
    return !deep.some((other) => isEqual(other, item)) && deep.push(item) > 0;
  });
}

function sliceOf(
  value: TemplateValue,
  start: TemplateValue | undefined,
  end: TemplateValue | undefined,
): TemplateValue {
  if (value === null) throw new CallFailure("the value is not set");
  const whole = typeof value === "string" ? Buffer.from(value) : toList(value);
  const [from, to] = [toCount(start), end === undefined ? whole.length : toCount(end)];
  if (from < 0 || to > whole.length || from > to) throw new CallFailure(`there is no part from ${from} to ${to}`);
  return Array.isArray(whole) ? whole.slice(from, to) : whole.subarray(from, to).toString();
}

function chunks(list: TemplateValue[], size: number): TemplateValue[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

function numbers(start: number, end: number, step: number): bigint[] {
  const count = step === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
  if (count > RANGE_LIMIT) throw new TemplateError(`a range of ${count} numbers is larger than any chart needs`);
  return Array.from({ length: count }, (_, i) => BigInt(start + i * step));
}

function sequence(args: readonly number[]): bigint[] {
  const [a = 1, b, c] = args;
  if (args.length === 0 || args.length > 3) return [];
  if (b === undefined) return numbers(1, a + (a < 1 ? -1 : 1), a < 1 ? -1 : 1);
  if (c === undefined) return numbers(a, b + (a <= b ? 1 : -1), a <= b ? 1 : -1);
  return c < a && b > 0 ? [] : numbers(a, c + (c < a ? -1 : 1), b);
}

function lengthOf(value: TemplateValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value instanceof Map) return value.size;
  if (Array.isArray(value)) return value.length;
  throw new CallFailure(value === null ? "the value is not set" : `a value of type ${typeName(value)} has no length`);
}

function elementAt(value: TemplateValue, key: TemplateValue): TemplateValue {
  if (value === null) throw new CallFailure("the value is not set");
  if (value instanceof Map) return value.get(textArgument(key)) ?? null;
  if (typeof value !== "string" && !Array.isArray(value))
    throw new CallFailure(`a value of type ${typeName(value)} has no elements`);
  const at = toCount(key);
  const whole = typeof value === "string" ? Buffer.from(value) : value;
  if (typeof key === "string" || at < 0 || at >= whole.length)
    throw new CallFailure(`there is no element ${toText(key)}`);
  const element = whole[at];
  return typeof element === "number" && typeof value === "string"
    ? BigInt(element)
    : ((element as TemplateValue) ?? null);
}
