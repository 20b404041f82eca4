/**
 * The tokens that larder's token server gives: a JSON web token (RFC 7519), signed by HMAC-SHA256, so that it needs no look-up.
 *
 * ```
 * {"alg":"HS256","typ":"JWT"} . {"iat":…, "exp":…, "who":PRINCIPAL, "scope":SCOPE} . signature
 * ```
 *
 * The header is always the same, letter by letter: nothing of it is read. `who` says who it was given to, `scope` what it is
 * limited to. What they may is not in it, and is decided at each use.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Credentials } from "../credentials.ts";
import type { CredentialChecker, Principal } from "../principal.ts";
import { formatScope, parseScope, type ScopeText, type TokenScope } from "../token-scope.ts";
import { Unauthorized } from "../unauthorized.ts";
import type { SigningKey } from "./signing-key.ts";
import { formatWho, parseWho, type WhoText } from "./who.ts";

/** Shorter ones are taken for 60 s by some clients; a removed user's stops at once all the same. */
const LIFETIME_SECONDS = { least: 60, most: 300 };

/** A token that was just given. */
export type SessionToken = { readonly token: string; readonly issuedAtMs: number; readonly lifetimeSeconds: number };

/** What tokens are made and checked with. */
export type SessionTokensOptions = {
  readonly key: SigningKey;
  /** The principal as it is now, by `Authenticators.recall`. */
  readonly recall: (principal: Principal) => Promise<Principal | null>;
  /** Milliseconds since 1970: tokens are checked by other larders of the store, too. */
  readonly now: () => number;
};

type Payload = { readonly iat: number; readonly exp: number; readonly who: WhoText; readonly scope: ScopeText };
type Checked = { readonly principal: Principal; readonly untilMs: number };

const HEADER = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url")}.`;
const CHECKED_LIMIT = 4096;
/** A principal is looked up again so often, should a change of it have been missed. */
const RECALL_EVERY_MS = 30_000;
/** Clocks of larders that share a store may differ by so much. */
const SKEW_MS = 30_000;

/** Makes and checks the tokens of the token server. */
export class SessionTokens implements CredentialChecker {
  readonly #options: SessionTokensOptions;
  /** What was checked is known again by its text: a token comes with every request. */
  readonly #checked = new Map<string, Checked>();
  #generation = 0;

  constructor(options: SessionTokensOptions) {
    this.#options = options;
  }

  /** Somebody has come, gone or changed: each token is looked at anew. */
  forget(): void {
    this.#generation++;
    this.#checked.clear();
  }

  async give(principal: Principal, scope: TokenScope): Promise<SessionToken> {
    const iat = Math.floor(this.#options.now() / 1000);
    const lifetimeSeconds = lifetimeOf(principal, iat);
    const exp = iat + lifetimeSeconds;
    const payload: Payload = { iat, exp, who: formatWho(principal), scope: formatScope(scope) };
    const signed = HEADER + Buffer.from(JSON.stringify(payload)).toString("base64url");
    const token = `${signed}.${sign(signed, await this.#options.key.find())}`;
    return { token, issuedAtMs: iat * 1000, lifetimeSeconds };
  }

  /** Null for what is no token of this kind. A stranger is who asked for it without saying who that is. */
  check(credentials: Credentials): Promise<Principal | null> {
    if (credentials.kind !== "bearer" || !credentials.token.startsWith(HEADER)) return NOT_OURS;
    const known = this.known(credentials.token);
    return known === null ? this.#check(credentials.token) : Promise.resolve(known);
  }

  /** Who has a token that was checked a moment ago; null: `check` tells. */
  known(token: string): Principal | null {
    const checked = this.#checked.get(token);
    return checked !== undefined && checked.untilMs > this.#options.now() ? checked.principal : null;
  }

  async #check(token: string): Promise<Principal | null> {
    const payload = readSigned(token, await this.#options.key.find());
    // Another issuer's may begin in the same way.
    if (payload === null) return null;
    const now = this.#options.now();
    if (payload.exp * 1000 <= now || payload.iat * 1000 > now + SKEW_MS) {
      throw new Unauthorized("the token has expired: ask larder's token server for another one", "invalid_token");
    }
    const generation = this.#generation;
    const given = parseWho(payload.who);
    const principal = given.kind === "stranger" ? given : await this.#options.recall(given);
    if (principal === null) throw new Unauthorized("who had this token is not known any more", "invalid_token");
    const scoped: Principal = { ...principal, scope: parseScope(payload.scope) };
    if (generation === this.#generation) {
      if (this.#checked.size >= CHECKED_LIMIT) this.#checked.clear();
      const untilMs = Math.min(payload.exp * 1000, now + RECALL_EVERY_MS);
      this.#checked.set(token, { principal: scoped, untilMs });
    }
    return scoped;
  }
}

/** A job's session ends with the job's own token, as far as clients let it. */
function lifetimeOf(principal: Principal, iat: number): number {
  const { least, most } = LIFETIME_SECONDS;
  if (principal.kind !== "workload") return most;
  return Math.min(most, Math.max(least, Math.floor(principal.expiresAtMs / 1000) - iat));
}

const NOT_OURS: Promise<null> = Promise.resolve(null);

/** What a token says whose signature is right; null when it is not. */
function readSigned(token: string, key: Buffer): Payload | null {
  const dot = token.lastIndexOf(".");
  const [own, given] = [Buffer.from(sign(token.slice(0, dot), key)), Buffer.from(token.slice(dot + 1))];
  if (own.length !== given.length || !timingSafeEqual(own, given)) return null;
  // Larder has written it.
  return JSON.parse(Buffer.from(token.slice(HEADER.length, dot), "base64url").toString()) as Payload;
}

function sign(text: string, key: Buffer): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
