/** Comparison, choice and types in Helm's templates. Source: Sprig v3.3.0; Go 1.26, text/template. */
import { toFloat, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";
import { kindName, typeName } from "./format-value.ts";
import { contentOf, isEqual, isTrue, type TemplateValue } from "./template-value.ts";

/** Functions by name. */
export const LOGIC_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  not: ([value]) => !isTrue(value ?? null),
  eq: ([value, ...others]) => others.some((other) => isEqual(value ?? null, other)),
  ne: ([a, b]) => !isEqual(a ?? null, b ?? null),
  lt: ([a, b]) => compare(a, b) < 0,
  le: ([a, b]) => compare(a, b) <= 0,
  gt: ([a, b]) => compare(a, b) > 0,
  ge: ([a, b]) => compare(a, b) >= 0,

  default: ([fallback, value]) => (isTrue(value ?? null) ? (value ?? null) : (fallback ?? null)),
  empty: ([value]) => !isTrue(value ?? null),
  coalesce: (args) => args.find(isTrue) ?? null,
  all: (args) => args.every(isTrue),
  any: (args) => args.some(isTrue),
  ternary: ([yes, no, condition]) => (isTrue(condition ?? null) ? (yes ?? null) : (no ?? null)),

  kindOf: ([value]) => kindName(value ?? null),
  kindIs: ([kind, value]) => isNamed(kindName(value ?? null), toText(kind)),
  typeOf: ([value]) => typeName(value ?? null),
  typeIs: ([type, value]) => isNamed(typeName(value ?? null), toText(type)),
  typeIsLike: ([type, value]) => isNamed(typeName(value ?? null).replace(/^\*/, ""), toText(type).replace(/^\*/, "")),
};

/** An int and an int64 are not told apart here. */
function isNamed(own: string, asked: string): boolean {
  return own === asked || (own === "int" && asked === "int64");
}

function compare(first: TemplateValue | undefined, second: TemplateValue | undefined): number {
  const [a, b] = [contentOf(first), contentOf(second)];
  if (typeof a === "bigint" && typeof b === "bigint") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "string" || typeof b === "string") return toText(a) < toText(b) ? -1 : toText(a) > toText(b) ? 1 : 0;
  return toFloat(a) - toFloat(b);
}
