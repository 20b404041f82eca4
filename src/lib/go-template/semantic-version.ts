/** Versions and constraints as Helm's charts write them. Source: semver.org 2.0.0; Masterminds/semver v3.3.0. */

/** A version; parts that are left out are 0, and `given` says how many were there. */
export type SemanticVersion = {
  readonly numbers: readonly [number, number, number];
  readonly given: number;
  readonly prerelease: string;
  readonly metadata: string;
};

const VERSION = /^v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([\w.-]+))?(?:\+([\w.-]+))?$/;

/** Reads `v1.2.3-rc.1+build`, `1.2` or, in constraints, `1.x`; null when it is none of these. */
export function parseVersion(text: string): SemanticVersion | null {
  const parts = VERSION.exec(text.trim());
  if (parts === null) return null;
  const numbers = [parts[1], parts[2], parts[3]].map((part) =>
    part === undefined || /[xX*]/.test(part) ? null : Number(part),
  );
  const given = numbers.indexOf(null) < 0 ? 3 : numbers.indexOf(null);
  const [major, minor, patch] = numbers.map((number, index) => (index < given ? (number ?? 0) : 0));
  return { numbers: [major ?? 0, minor ?? 0, patch ?? 0], given, prerelease: parts[4] ?? "", metadata: parts[5] ?? "" };
}

/** Below, equal or above 0 as `a` comes before, with or after `b`. */
export function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Does the version meet the constraint: `>=1.19-0`, `^1.2`, `~1.2.3`, `1.2 - 1.4`, `1.x || >=3, <4`? */
export function satisfies(version: string, constraint: string): boolean {
  const parsed = parseVersion(version);
  if (parsed === null) return false;
  return constraint.split("||").some((alternative) => {
    const range = alternative.replace(/(\S+)\s+-\s+(\S+)/g, ">=$1 <=$2");
    const terms = [...range.matchAll(/(>=|=>|<=|=<|!=|[<>=~^]*)\s*(v?[\w.*+-]+)/g)];
    return terms.length > 0 && terms.every((term) => meets(parsed, term[1] ?? "", parseVersion(term[2] ?? "")));
  });
}

function meets(version: SemanticVersion, operator: string, bound: SemanticVersion | null): boolean {
  if (bound === null) return false;
  // A version under development is wanted only by those who name one.
  if (version.prerelease !== "" && bound.prerelease === "") return false;
  const order = compareVersions(version, bound);
  switch (operator) {
    case ">":
      return order > 0 && (bound.given === 3 || !sharesNumbers(version, bound, bound.given));
    case ">=":
    case "=>":
      return order >= 0;
    case "<":
      return order < 0;
    case "<=":
    case "=<":
      return order <= 0 || (bound.given < 3 && sharesNumbers(version, bound, bound.given));
    case "!=":
      return !(order === 0 || (bound.given < 3 && sharesNumbers(version, bound, bound.given)));
    case "^": {
      const leading = bound.numbers.findIndex((number, index) => number !== 0 || index === bound.given - 1);
      return order >= 0 && sharesNumbers(version, bound, Math.max(leading, 0) + 1);
    }
    case "~":
    case "~>":
      return order >= 0 && sharesNumbers(version, bound, Math.min(bound.given, 2));
    default:
      return bound.given < 3 ? sharesNumbers(version, bound, bound.given) : order === 0;
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
