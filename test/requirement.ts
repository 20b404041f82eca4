/**
 * What a suite needs of the machine that it runs on.
 *
 *     const lab = requirement("root", "namespaces", "podman");
 *     describe.skipIf(!lab.met)("podman", () => …);
 *
 * A need is `root`, `namespaces` (we are root, and the kernel lets us make network, mount and process namespaces),
 * `ipv6`, the name of a program, or `go:NAME`, one that `go-programs.ts` builds: the test file itself has to name it, so
 * that `test/run.ts` finds it there and builds it before the tests begin. Requirements that are not met are written down for `test/run.ts`, which lists them at its end.
 */
import { appendFileSync, existsSync } from "node:fs";
import { relative } from "node:path";
import { findProgram, packageOfProgram } from "./debian-packages.ts";
import { findGoProgram, GO_NEED, type GoProgramName, whyUnbuilt } from "./go-programs.ts";

/** Names the file, one JSON `SkippedSuite` a line, in which suites say why they are skipped. */
export const SKIPPED_SUITES_VARIABLE = "LARDER_TEST_SKIPPED_SUITES";

/** `reason` is empty when the requirement is met. */
export type Requirement = { readonly met: boolean; readonly reason: string };

/** One suite that did not run. `file` is relative to the checkout. */
export type SkippedSuite = { readonly file: string; readonly reason: string };

/** Looks whether this machine has all of `needs`, and records it when it has not. */
export function requirement(...needs: readonly string[]): Requirement {
  const missing = new Set(needs.map(whatIsMissing).filter((reason) => reason !== null));
  return missing.size === 0 ? { met: true, reason: "" } : unmet([...missing].join("; "));
}

/** A requirement that the suite found out by itself not to be met. Records why. */
export function unmet(reason: string): Requirement {
  record({ file: relative(checkout, Bun.main), reason });
  return { met: false, reason };
}

const checkout = new URL("..", import.meta.url).pathname;

function whatIsMissing(need: string): string | null {
  const isRoot = process.getuid?.() === 0;
  if ((need === "root" || need === "namespaces") && !isRoot) return "must be run by root";
  if (need === "root") return null;
  if (need === "namespaces") return canMakeNamespaces() ? null : "the kernel does not let us make namespaces";
  if (need === "ipv6") return existsSync("/proc/net/if_inet6") ? null : "the kernel has no IPv6";
  const goProgram = GO_NEED.exec(need)?.[1];
  if (goProgram !== undefined) return whatIsUnbuilt(goProgram);
  if (findProgram(need) !== null) return null;
  const debianPackage = packageOfProgram(need);
  return debianPackage === null ? `${need} is not installed` : `${need} is not installed (Debian: ${debianPackage})`;
}

function whatIsUnbuilt(name: string): string | null {
  const reason = whyUnbuilt(name);
  return findGoProgram(name as GoProgramName) === null ? reason : null;
}

let namespacesProbe: boolean | null = null;

function canMakeNamespaces(): boolean {
  if (namespacesProbe === null) {
    const unshare = findProgram("unshare");
    namespacesProbe =
      unshare !== null &&
      Bun.spawnSync([unshare, "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "true"], {
        stdout: "ignore",
        stderr: "ignore",
        timeout: 10_000,
      }).success;
  }
  return namespacesProbe;
}

function record(skipped: SkippedSuite): void {
  const file = process.env[SKIPPED_SUITES_VARIABLE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(skipped)}\n`);
}
