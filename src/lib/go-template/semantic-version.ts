/** Versions and constraints as Helm's charts write them. Source: semver.org 2.0.0; Masterminds/semver v3.5.0. */

/** A version; parts that are left out are 0. */
export type SemanticVersion = {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: string;
  readonly metadata: string;
};

/** Does a version meet a constraint? */
export type VersionTest = (version: SemanticVersion) => boolean;

/** What a constraint names: a version whose last parts may be open, as in `1.x`; `given` says how many are not. */
type Bound = { readonly version: SemanticVersion; readonly given: number };

const NAME = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const VERSION = new RegExp(`^v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:-(${NAME}))?(?:\\+(${NAME}))?$`);
const PART = "[0-9xX*|]+";
const BOUND = `v?(?:${PART})(?:\\.${PART})?(?:\\.${PART})?(?:-${NAME})?(?:\\+${NAME})?`;
const BOUND_PARTS = new RegExp(`^v?(${PART})(?:\\.(${PART}))?(?:\\.(${PART}))?(?:-(${NAME}))?(?:\\+(${NAME}))?$`);
const OPERATOR = "(?:!=|=>|>=|=<|<=|~>|[=><~^])?";
const TERM = `\\s*${OPERATOR}\\s*${BOUND}\\s*`;
const TERMS = new RegExp(`^${TERM}(?:(?:\\s+|,\\s*)${OPERATOR}\\s*${BOUND}\\s*)*$`);
const LENGTH_LIMIT = 512;

/** Reads `v1.2.3-rc.1+build` or `1.2`; null when it is neither. */
export function parseVersion(text: string): SemanticVersion | null {
  const parts = text.length > LENGTH_LIMIT ? null : VERSION.exec(text);
  if (parts === null) return null;
  const prerelease = parts[4] ?? "";
  // Leading zeros are refused in what comes behind the numbers, where they would count.
  if (prerelease.split(".").some((part) => /^0\d+$/.test(part))) return null;
  return {
    numbers: [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)],
    prerelease,
    metadata: parts[5] ?? "",
  };
}

/** The version as it is written by the rules, without a `v` in front. */
export function formatVersion({ numbers, prerelease, metadata }: SemanticVersion): string {
  return numbers.join(".") + (prerelease === "" ? "" : `-${prerelease}`) + (metadata === "" ? "" : `+${metadata}`);
}

/** Below, equal or above 0 as `a` comes before, with or after `b`. */
export function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Reads a constraint: `>=1.19-0`, `^1.2`, `~1.2.3`, `1.2 - 1.4`, `1.x || >=3, <4`; null when it is none. */
export function parseConstraint(text: string): VersionTest | null {
  if (text.length > LENGTH_LIMIT) return null;
  const plain = text.replace(new RegExp(`\\s*(${BOUND})\\s+-\\s+(${BOUND})\\s*`, "g"), ">= $1, <= $2 ");
  const alternatives: VersionTest[] = [];
  for (const alternative of plain.split("||")) {
    if (!TERMS.test(alternative)) return null;
    const terms = [...alternative.matchAll(new RegExp(`(${OPERATOR})\\s*(${BOUND})`, "g"))];
    const bounds = terms.map(([, operator = "", bound = ""]) => ({ operator, ...parseBound(bound) }));
    // A version under development is wanted only by those who name one.
    const wantsPrereleases = bounds.some(({ version }) => version.prerelease !== "");
    alternatives.push(
      (version) =>
        (version.prerelease === "" || wantsPrereleases) &&
        bounds.every(({ operator, ...bound }) => meets(version, operator, bound)),
    );
  }
  return (version) => alternatives.some((alternative) => alternative(version));
}

/** Does the version meet the constraint? False when either cannot be read. */
export function satisfies(version: string, constraint: string): boolean {
  const parsed = parseVersion(version);
  return parsed !== null && (parseConstraint(constraint)?.(parsed) ?? false);
}

function parseBound(text: string): Bound {
  const parts = BOUND_PARTS.exec(text);
  const open = [1, 2, 3].findIndex((index) => !/^\d+$/.test(parts?.[index] ?? ""));
  const given = open < 0 ? 3 : open;
  const [major = 0, minor = 0, patch = 0] = [1, 2, 3].map((at) => (at <= given ? Number(parts?.[at] ?? 0) : 0));
  return { given, version: { numbers: [major, minor, patch], prerelease: parts?.[4] ?? "", metadata: "" } };
}

function meets(version: SemanticVersion, operator: string, { version: bound, given }: Bound): boolean {
  const order = compareVersions(version, bound);
  const [major, minor] = bound.numbers;
  const isWithin = (count: number) => sharesNumbers(version, bound, count);
  switch (operator) {
    case ">":
      return given === 3
        ? order > 0
        : given === 0
          ? order > 0 && version.numbers[0] > 0
          : order > 0 && !isWithin(given);
    case ">=":
    case "=>":
      return order >= 0;
    case "<":
      return order < 0;
    case "<=":
    case "=<":
      return order <= 0 || (given < 3 && isWithin(given));
    case "!=":
      return given === 3 ? order !== 0 : !isWithin(given) || (given === 2 && bound.prerelease !== version.prerelease);
    case "^":
      if (order < 0) return false;
      if (given === 0) return true;
      if (major > 0 || given === 1) return isWithin(1);
      return minor > 0 || given === 2 ? isWithin(2) : isWithin(3);
    case "~":
    case "~>":
      return order >= 0 && isWithin(Math.min(given, 2));
    default:
      return given < 3 ? order >= 0 && isWithin(given) : order === 0;
  }
}

function sharesNumbers(a: SemanticVersion, b: SemanticVersion, count: number): boolean {
  return a.numbers.slice(0, count).every((number, index) => number === b.numbers[index]);
}

function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;
  const [left, right] = [a.split("."), b.split(".")];
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(part), /^\d+$/.test(other)];
    if (isNumber && isOtherNumber) return Number(part) - Number(other);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return -1;
}
