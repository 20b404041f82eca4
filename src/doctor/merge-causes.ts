import type { Finding } from "./finding.ts";
import { listNames } from "./list-names.ts";

/**
 * One finding for each cause: those that come of the one before them are named in it. A larder that is gone is told of once,
 * with the runtimes that ask it.
 */
export function mergeCauses(findings: readonly Finding[]): readonly Finding[] {
  return findings.flatMap((finding) => {
    const { cause, check, message } = finding;
    if (cause === null) return [finding];
    const alike = findings.filter((other) => other.cause === cause);
    if (alike[0] !== finding) return [];
    const others = [...new Set(alike.map((other) => other.check))].filter((other) => other !== check);
    if (others.length === 0) return [finding];
    const isOne = others.length === 1;
    const names = listNames(others);
    const more =
      check === "larder"
        ? `, where ${names} ${isOne ? "asks" : "ask"} for images`
        : `; so ${isOne ? "does" : "do"} ${names}`;
    return [{ ...finding, message: `${message}${more}` }];
  });
}
