import type { Finding } from "./finding.ts";
import { listNames } from "./list-names.ts";

/**
 * One finding for each cause: those that come of the one before them are named in it. A larder that is gone is told of once,
 * with the runtimes that ask it.
 */
export function mergeCauses(findings: readonly Finding[]): readonly Finding[] {
  return findings.flatMap((finding) => {
    const { cause } = finding;
    if (cause === null) return [finding];
    const alike = findings.filter((other) => other.cause === cause);
    if (alike[0] !== finding) return [];
    const others = listNames([...new Set(alike.slice(1).map(({ check }) => check))]);
    if (others === "") return [finding];
    const message =
      finding.check === "larder" ? `, where ${others} ${asks(alike)} for images` : `; so ${does(alike)} ${others}`;
    return [{ ...finding, message: `${finding.message}${message}` }];
  });
}

function asks(alike: readonly Finding[]): string {
  return alike.length === 2 ? "asks" : "ask";
}

function does(alike: readonly Finding[]): string {
  return alike.length === 2 ? "does" : "do";
}
