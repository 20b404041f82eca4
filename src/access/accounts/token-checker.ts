import { RegistryError } from "../../oci/registry-error.ts";
import type { AccountStore, StoredToken } from "../../storage/accounts.ts";
import type { Credentials } from "../credentials.ts";
import { parseGrant } from "../grant.ts";
import type { CredentialChecker, Principal } from "../principal.ts";
import type { AccountPresence } from "./account-presence.ts";
import type { AccountUses } from "./account-uses.ts";
import { hashOfToken, isTokenText, looksLikeToken } from "./token-text.ts";

/**
 * Knows the tokens that `larder token create` made: as Bearer, or as the password of any user name, which is what programs can
 * keep that know of passwords alone.
 */
export class TokenChecker implements CredentialChecker {
  readonly #store: AccountStore;
  readonly #presence: AccountPresence;
  readonly #uses: AccountUses;
  readonly #now: () => number;

  constructor(store: AccountStore, presence: AccountPresence, uses: AccountUses, now: () => number) {
    this.#store = store;
    this.#presence = presence;
    this.#uses = uses;
    this.#now = now;
  }

  isAnybody(): boolean {
    return this.#presence.tokens > 0;
  }

  /** Tells when a token has come or gone. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#store.subscribe(({ kind }) => {
      if (kind === "token") listener();
    });
  }

  /** That a token has expired or was revoked is told to those alone who have it: nobody else comes as far as that. */
  async check(credentials: Credentials): Promise<Principal | null> {
    const text = textOf(credentials);
    if (text === null || !looksLikeToken(text)) return null;
    if (!isTokenText(text)) throw refused("it is not whole: some of it is missing, or was mistyped");
    const token = await this.#store.tokens.find(hashOfToken(text));
    if (token === null) throw refused("this larder does not know it");
    const { name, revokedAtMs, expiresAtMs, id } = token;
    if (revokedAtMs !== null) throw refused(`${name} was revoked on ${dayOf(revokedAtMs)}`);
    if (isOver(token, this.#now())) throw refused(`${name} expired on ${dayOf(expiresAtMs ?? 0)}`);
    this.#uses.note("token", id);
    return principalOf(token);
  }

  async recall(principal: Principal): Promise<Principal | null | undefined> {
    if (principal.kind !== "token") return undefined;
    const token = await this.#store.tokens.named(principal.name);
    // Another token may have the name of one that was revoked.
    const isAnother = principal.generation !== undefined && token?.id !== principal.generation;
    return token === null || isAnother || isOver(token, this.#now()) ? null : principalOf(token);
  }
}

function textOf(credentials: Credentials): string | null {
  if (credentials.kind === "bearer") return credentials.token;
  return credentials.kind === "basic" ? credentials.password : null;
}

function isOver({ expiresAtMs }: StoredToken, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

function principalOf({ id, name, grants }: StoredToken): Principal {
  return { kind: "token", name, grants: grants.map(parseGrant), generation: id };
}

function refused(why: string): RegistryError {
  return new RegistryError(
    "UNAUTHORIZED",
    `the token cannot be used: ${why}; whoever administers this larder can make another one`,
  );
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
