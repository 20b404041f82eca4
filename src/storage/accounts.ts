/**
 * The contract of accounts: who there is besides the people of the machine that larder runs on. Users have passwords, tokens
 * are for programs; of both only hashes are kept. What changes them writes an audit entry in the same transaction.
 *
 * Nobody reads a million of them: names are few, and listed in pages. Times are milliseconds since 1970.
 */
import type { NewAuditEntry } from "./audit.ts";
import type { Page } from "./page.ts";

/** A user. `grants` are the texts of what this user alone may, as `access/grant.ts` reads them; null: none were given. */
export type StoredUser = {
  readonly name: string;
  /** bcrypt. */
  readonly passwordHash: string;
  readonly grants: readonly string[] | null;
  readonly createdAtMs: number;
  /** Within minutes; null: never. */
  readonly lastUsedAtMs: number | null;
};

/** A token. `secretHash` is the SHA-256 of all of its text, in hexadecimal. */
export type StoredToken = {
  /** What names it where its secret must not stand. */
  readonly id: string;
  /** No two tokens that are in force have one name. */
  readonly name: string;
  readonly secretHash: string;
  readonly grants: readonly string[];
  readonly createdAtMs: number;
  /** Null: never. */
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  /** Null: it was not. One that was is kept for a while, so that who has it can be told. */
  readonly revokedAtMs: number | null;
};

/** How many users and tokens a store takes. */
export const USERS_LIMIT = 10_000;
export const TOKENS_LIMIT = 100_000;
/** A token that was revoked, or has expired, is forgotten after so long. */
export const ENDED_TOKENS_KEPT_MS = 90 * 86_400_000;

/** How many users there are, and tokens that were not revoked. */
export type AccountTotals = { readonly users: number; readonly tokens: number };

/** Users and tokens of one store. */
export interface AccountStore {
  readonly users: UserStore;
  readonly tokens: TokenStore;
  totals(): Promise<AccountTotals>;
  /** Notes when accounts were last used. An earlier time than the known one changes nothing; a power cut may take it. */
  noteUse(uses: readonly AccountUse[]): Promise<void>;
  /** Tells of each change but uses, once it is durable. Returns what ends that. The listener must not throw. */
  subscribe(listener: (change: AccountChange) => void): () => void;
}

/** The use of a user's password, by the name, or of a token, by its id. */
export type AccountUse = { readonly kind: "user" | "token"; readonly key: string; readonly atMs: number };

/** A user or token has come, changed or gone; `totals` are those after it. */
export type AccountChange = { readonly kind: "user" | "token"; readonly key: string; readonly totals: AccountTotals };

/** A user that is put. With undefined grants those of a user that is there stay, and so does the password with null. */
export type UserPut = {
  readonly name: string;
  /** Null takes a user that is there: else it is `unexpected`. */
  readonly passwordHash: string | null;
  readonly grants: readonly string[] | null | undefined;
  /** Must there be none of this name, or one? Null: either will do. */
  readonly expect: "absent" | "present" | null;
};

/** What became of a user that was put; `unexpected`: it is there and must not be, or the other way round. */
export type PutOutcome = "added" | "changed" | "full" | "unexpected";

/** People with passwords. */
export interface UserStore {
  get(name: string): Promise<StoredUser | null>;
  /** Those after a name, in the order of their bytes. */
  list(page: Page): Promise<readonly StoredUser[]>;
  /** Adds a user, or changes the password and grants of one; the entry's action is by that. */
  put(user: UserPut, audit: NewAuditEntry): Promise<PutOutcome>;
  /** False: there is none of this name. */
  delete(name: string, audit: NewAuditEntry): Promise<boolean>;
}

/** Tokens of programs. */
export interface TokenStore {
  /** By the SHA-256 of its text: one look-up by an index, whatever there is. Revoked and expired ones are found, too. */
  find(secretHash: string): Promise<StoredToken | null>;
  /** The one of this name that was not revoked; it may have expired. */
  named(name: string): Promise<StoredToken | null>;
  /** Those after an id, in its order, revoked ones included. */
  list(page: Page): Promise<readonly StoredToken[]>;
  /**
   * Adds a token. An expired one of its name is revoked by that; one that is in force is in the way: `taken`. Forgets those
   * that ended long ago.
   */
  add(
    token: Omit<StoredToken, "lastUsedAtMs" | "revokedAtMs">,
    audit: NewAuditEntry,
  ): Promise<"added" | "taken" | "full">;
  /** Revokes the token with this id, or the one in force of this name. Returns which; null: there is none, or it was revoked before. */
  revoke(idOrName: string, audit: NewAuditEntry): Promise<StoredToken | null>;
}
