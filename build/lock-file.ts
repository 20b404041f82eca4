import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type InferOutput, object, optional, parse, record, string } from "valibot";
import { CHECKOUT } from "./source-version.ts";

/** A package as package-lock.json pins it. */
export type LockedPackage = {
  /** Where npm puts it, such as `node_modules/@oven/bun-linux-x64`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity, as npm has it: `sha512-BASE64`. */
  readonly integrity: string;
  /** An SPDX licence expression. */
  readonly licence: string;
};

/** The package that package-lock.json has at `node_modules/NAME`. Throws an Error when it has none. */
export function readLockedPackage(name: string): LockedPackage {
  return pinned(readLock(), name);
}

/**
 * The packages that larder itself runs with, by name: what package.json depends on, and what that depends on. Platforms'
 * own packages and what is only asked for as a peer are not among them. npm's own list (`npm sbom --omit dev`) leaves out
 * what a tool of ours may use, too.
 */
export function readProductionPackages(): readonly LockedPackage[] {
  const lock = readLock();
  const found = new Set<string>();
  const take = (names: readonly string[]) => {
    for (const name of names.filter((each) => !found.has(each))) {
      found.add(name);
      take(Object.keys(lock[`node_modules/${name}`]?.dependencies ?? {}));
    }
  };
  take(Object.keys(lock[""]?.dependencies ?? {}));
  return [...found].sort().map((name) => pinned(lock, name));
}

const ENTRY = object({
  version: optional(string()),
  integrity: optional(string()),
  license: optional(string()),
  dependencies: optional(record(string(), string())),
});
const LOCK = object({ packages: record(string(), ENTRY) });
type Lock = Readonly<Record<string, InferOutput<typeof ENTRY>>>;

function readLock(): Lock {
  return parse(LOCK, JSON.parse(readFileSync(join(CHECKOUT, "package-lock.json"), "utf8"))).packages;
}

function pinned(lock: Lock, name: string): LockedPackage {
  const path = `node_modules/${name}`;
  const { version, integrity, license } = lock[path] ?? {};
  if (version === undefined || integrity === undefined) throw new Error(`package-lock.json does not pin ${name}`);
  return { path, name, version, integrity, licence: license ?? "NOASSERTION" };
}
