/** Comparison, choice, numbers and types in Helm's templates. Source: Sprig v3.3.0; Go 1.26, text/template. */
import type { TemplateFunction } from "./evaluate-template.ts";
import { parseVersion, satisfies, compareVersions } from "./semantic-version.ts";
import { isEqual, isTrue, type TemplateValue, toNumber, toText } from "./template-value.ts";

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

  kindOf: ([value]) => kindOf(value ?? null),
  kindIs: ([kind, value]) => kindOf(value ?? null) === kind,
  typeOf: ([value]) => typeName(value ?? null),
  typeIs: ([type, value]) => typeName(value ?? null) === type,
  typeIsLike: ([type, value]) => typeName(value ?? null).replace(/^\*/, "") === type,

  int: ([value]) => Math.trunc(toNumber(value)),
  int64: ([value]) => Math.trunc(toNumber(value)),
  toDecimal: ([value]) => Number.parseInt(toText(value), 8) || 0,
  float64: ([value]) => toNumber(value),
  atoi: ([value]) => Math.trunc(toNumber(value)),
  add: (args) => args.reduce<number>((sum, arg) => sum + Math.trunc(toNumber(arg)), 0),
  add1: ([value]) => Math.trunc(toNumber(value)) + 1,
  sub: ([a, b]) => Math.trunc(toNumber(a)) - Math.trunc(toNumber(b)),
  mul: (args) => args.reduce<number>((product, arg) => product * Math.trunc(toNumber(arg)), 1),
  div: ([a, b]) => quotient(toNumber(a), toNumber(b)),
  mod: ([a, b]) => (toNumber(b) === 0 ? 0 : Math.trunc(toNumber(a)) % Math.trunc(toNumber(b))),
  addf: (args) => args.reduce<number>((sum, arg) => sum + toNumber(arg), 0),
  subf: ([first, ...rest]) => rest.reduce<number>((left, arg) => left - toNumber(arg), toNumber(first)),
  mulf: (args) => args.reduce<number>((product, arg) => product * toNumber(arg), 1),
  divf: ([a, b]) => (toNumber(b) === 0 ? 0 : toNumber(a) / toNumber(b)),
  max: (args) => Math.max(...args.map(toNumber)),
  min: (args) => Math.min(...args.map(toNumber)),
  maxf: (args) => Math.max(...args.map(toNumber)),
  minf: (args) => Math.min(...args.map(toNumber)),
  floor: ([value]) => Math.floor(toNumber(value)),
  ceil: ([value]) => Math.ceil(toNumber(value)),
  round: ([value, digits]) => Number(toNumber(value).toFixed(Math.min(Math.max(toNumber(digits), 0), 100))),

  semverCompare: ([constraint, version]) => satisfies(toText(version), toText(constraint)),
  semver: ([text]) => versionObject(toText(text)),
};

function compare(a: TemplateValue | undefined, b: TemplateValue | undefined): number {
  if (typeof a === "string" || typeof b === "string") return toText(a) < toText(b) ? -1 : toText(a) > toText(b) ? 1 : 0;
  return toNumber(a) - toNumber(b);
}

function quotient(a: number, b: number): number {
  return Math.trunc(b) === 0 ? 0 : Math.trunc(Math.trunc(a) / Math.trunc(b));
}

function kindOf(value: TemplateValue): string {
  if (value === null) return "invalid";
  if (Array.isArray(value)) return "slice";
  if (value instanceof Map) return "map";
  if (typeof value === "number") return "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

function typeName(value: TemplateValue): string {
  const names: Record<string, string> = { slice: "[]interface {}", map: "map[string]interface {}", invalid: "<nil>" };
  const kind = kindOf(value);
  return names[kind] ?? kind;
}

function versionObject(text: string): TemplateValue {
  const version = parseVersion(text);
  if (version === null) return null;
  const [major, minor, patch] = version.numbers;
  return new Map<string, TemplateValue>([
    ["Major", major],
    ["Minor", minor],
    ["Patch", patch],
    ["Prerelease", version.prerelease],
    ["Metadata", version.metadata],
    ["Original", text],
    ["String", `${major}.${minor}.${patch}${version.prerelease === "" ? "" : `-${version.prerelease}`}`],
    ["Compare", ([other]) => compareVersions(version, parseVersion(toText(other)) ?? version)],
  ]);
}
