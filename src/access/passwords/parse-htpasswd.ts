import type { KnownUser } from "../directory.ts";
import { whyNoUserName } from "../directory.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { bcryptCost } from "./bcrypt.ts";

/** The users of an htpasswd file by their names, and what is wrong with it, by lines from 1. */
export type Htpasswd = {
  readonly users: ReadonlyMap<string, KnownUser>;
  readonly problems: readonly { readonly line: number; readonly why: string }[];
};

/** Reads the text of an htpasswd file: `NAME:HASH` in a line, `#` before comments. What is wrong is told without the hash. */
export function parseHtpasswd(text: string): Htpasswd {
  const users = new Map<string, KnownUser>();
  const lines = new Map<string, number>();
  const problems: { line: number; why: string }[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const entry = raw.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    const colon = entry.indexOf(":");
    const [name, hash] = [entry.slice(0, Math.max(0, colon)), entry.slice(colon + 1)];
    const before = lines.get(name);
    const why = colon < 0 ? "it is not NAME:HASH" : (whyNoName(name) ?? whyNoHash(name, hash));
    if (why !== null) problems.push({ line, why });
    else if (before !== undefined) {
      problems.push({ line, why: `${quoteBriefly(name)} stands on line ${before} already; keep one of them` });
    } else users.set(name, { principal: { kind: "user", name }, passwordHash: hash });
    lines.set(name, before ?? line);
  }
  return { users, problems };
}

function whyNoName(name: string): string | null {
  const why = whyNoUserName(name);
  return why === null ? null : `${quoteBriefly(name)} cannot be a user's name: ${why}`;
}

function whyNoHash(name: string, hash: string): string | null {
  if (bcryptCost(hash) !== null) return null;
  const remedy = `write the password anew with \`htpasswd -B FILE ${name}\``;
  if (/^\$2[abxy]?\$/.test(hash))
    return `the bcrypt hash of ${quoteBriefly(name)} is cut, or its cost is none of 4 to 17; ${remedy}`;
  return `the password of ${quoteBriefly(name)} is ${kindOf(hash)}, and larder takes bcrypt alone; ${remedy}`;
}

function kindOf(hash: string): string {
  if (hash === "") return "empty";
  if (hash.startsWith("$apr1$") || hash.startsWith("$1$")) return "hashed by MD5";
  if (hash.startsWith("{SHA}")) return "hashed by SHA-1 without salt";
  if (/^\$[56]\$/.test(hash)) return "hashed by SHA-2 crypt";
  if (/^\{\w+\}/.test(hash)) return "hashed for LDAP";
  return /^\$\w+\$/.test(hash) ? "hashed otherwise" : "plain text, or hashed by crypt";
}
