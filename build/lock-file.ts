import { readFileSync } from "node:fs";
import { join } from "node:path";
import { object, optional, parse, record, string } from "valibot";
import { CHECKOUT } from "./source-version.ts";

/** A package as package-lock.json pins it. */
export type LockedPackage = {
  /** Where npm puts it, such as `node_modules/@oven/bun-linux-x64`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity, as npm has it: `sha512-BASE64`. */
  readonly integrity: string;
};

const LOCK = object({
  packages: record(string(), object({ version: optional(string()), integrity: optional(string()) })),
});

/** The package that package-lock.json has at `node_modules/NAME`. Throws an Error when it has none. */
export function readLockedPackage(name: string): LockedPackage {
  const path = `node_modules/${name}`;
  const { packages } = parse(LOCK, JSON.parse(readFileSync(join(CHECKOUT, "package-lock.json"), "utf8")));
  const { version, integrity } = packages[path] ?? {};
  if (version === undefined || integrity === undefined) throw new Error(`package-lock.json does not pin ${name}`);
  return { path, name, version, integrity };
}
