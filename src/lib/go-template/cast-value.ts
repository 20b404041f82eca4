/** How functions take the arguments that they are given. Source: Sprig v3.3.0; spf13/cast v1.7. */
import { formatValue, typeName } from "./format-value.ts";
import { CallFailure, contentOf, type TemplateMap, type TemplateValue, Unresolved } from "./template-value.ts";

/** Sprig's `strval`: text as it is, anything else as Go prints it. */
export function toText(value: TemplateValue | undefined): string {
  const content = contentOf(value);
  return typeof content === "string" ? content : formatValue(content);
}

/** A parameter of type string. Numbers are taken, too, where Go would refuse them; nothing is refused. */
export function textArgument(value: TemplateValue | undefined): string {
  if (value === null || value === undefined) throw new CallFailure("a text is expected, and the value is not set");
  return toText(value);
}

/** Sprig's integers: what is no whole number in Go's notation is 0. */
export function toInteger(value: TemplateValue | undefined): bigint {
  const content = contentOf(value);
  if (typeof content === "bigint") return content;
  if (typeof content === "boolean") return content ? 1n : 0n;
  if (typeof content === "number")
    return Number.isFinite(content) ? BigInt.asIntN(64, BigInt(Math.trunc(content))) : 0n;
  return typeof content === "string" ? parseInteger(content) : 0n;
}

/** As `toInteger`, for counts and positions: what is larger than those can be is cut to 2^53. */
export function toCount(value: TemplateValue | undefined): number {
  const whole = toInteger(value);
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(whole > limit ? limit : whole < -limit ? -limit : whole);
}

/** Sprig's float64: what is no number is 0. */
export function toFloat(value: TemplateValue | undefined): number {
  const content = contentOf(value);
  if (typeof content === "bigint" || typeof content === "boolean") return Number(content);
  if (typeof content === "number") return content;
  if (typeof content !== "string" || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(content)) return 0;
  return Number(content);
}

/** The dictionary. What is nothing is an empty one; Go refuses anything else. */
export function toMap(value: TemplateValue | undefined): TemplateMap {
  const content = contentOf(value);
  if (content instanceof Map) return content;
  if (content === null) return new Map();
  throw new CallFailure(`a dictionary is expected, and the value is ${article(content)}`);
}

/** The list. What is nothing is an empty one; Go refuses anything else. */
export function toList(value: TemplateValue | undefined): TemplateValue[] {
  const content = contentOf(value);
  if (Array.isArray(content)) return content;
  if (content === null) return [];
  throw new CallFailure(`a list is expected, and the value is ${article(content)}`);
}

function article(value: TemplateValue): string {
  return value instanceof Unresolved ? "unknown" : `of type ${typeName(value)}`;
}

/** Go's `ParseInt` with base 0: `0x1f`, `0o17`, `017`, `1_000`; a fraction of zeros is passed over. */
function parseInteger(text: string): bigint {
  const parts = /^([+-]?)(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|0|[1-9][\d_]*)(?:\.0*)?$/.exec(text);
  if (parts === null) return 0n;
  const digits = (parts[2] ?? "").replaceAll("_", "").replace(/^0(?=[0-7])/, "0o");
  const size = BigInt(digits);
  if (size >= 1n << 63n) return 0n;
  return parts[1] === "-" ? -size : size;
}
