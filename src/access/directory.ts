import type { Principal } from "./principal.ts";

/** A user, with what a password is compared with. */
export type KnownUser = {
  readonly principal: Extract<Principal, { readonly kind: "user" }>;
  /** bcrypt, in the form `$2b$COST$…`. */
  readonly passwordHash: string;
};

/** Those of one place who may be known: the htpasswd file, larder's own users and tokens. */
export interface Directory {
  /** Is anybody in it, a token included? With one who is, rules count; see `AccessControl.knowsPeople`. */
  isAnybody(): boolean;
  /** Tells when somebody has come, gone or changed. Returns what ends that. */
  subscribe(listener: () => void): () => void;
}

/** Knows users by their names. */
export interface UserDirectory extends Directory {
  /** Null: there is none of this name here. */
  findUser(name: string): Promise<KnownUser | null>;
}

/** Words that rules have for several, so that nobody can be called so. */
const RESERVED: ReadonlySet<string> = new Set(["anonymous", "authenticated", "this-machine", "administrator"]);

/** Why nobody can have this name; null when somebody can. */
export function whyNoUserName(name: string): string | null {
  if (RESERVED.has(name)) return "rules have that word for others";
  if (name === "" || name.length > 128) return "a name has 1 to 128 characters";
  // A colon ends the name in Basic authentication, and stands behind a kind in rules; stars make patterns there.
  return /[\s:*,\p{Cc}]/u.test(name) ? "a name has no colon, comma, star, blank or control character" : null;
}
