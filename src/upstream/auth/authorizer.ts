import { type Access, areCovered, scopesOf } from "./access.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicHeader, type Credentials } from "./credentials.ts";
import { orAborted } from "../../lib/async/or-aborted.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import type { TokenService } from "./token-service.ts";

/** What an authorizer needs. */
export type AuthorizerOptions = {
  readonly tokens: TokenService;
  /** The credentials for a repository of this server (null: for the server); null: anonymous. */
  readonly credentials: (path: string | null) => Promise<Credentials | null>;
  /** What the server puts before the names of repositories: ``, `docker-hub/`. */
  readonly repositoryPrefix: string;
  /** Milliseconds, by a clock that nobody sets. */
  readonly elapsed: () => number;
};

type Token = { readonly header: string; readonly usableUntilMs: number };
type BearerScheme = { readonly kind: "bearer"; readonly realm: string; readonly service: string | null };
type Scheme = { readonly kind: "basic" } | BearerScheme;

/** What a request is sent with, without being asked. */
export type Authorization = {
  /** Null: nothing is known to be needed, or it was not to be had. */
  readonly header: string | null;
  /** Was it made for an earlier request? Then the server may have stopped to take it. */
  readonly isKept: boolean;
  /** Why the token service that is remembered gave no token; null when it was not asked, or gave one. */
  readonly failure: { readonly scheme: BearerScheme; readonly error: unknown } | null;
};

const NOTHING: Authorization = { header: null, isKept: false, failure: null };

const KEPT = 1000;
const SHORTEST_MARGIN_MS = 1000;
const LONGEST_MARGIN_MS = 10_000;

/**
 * Makes the `Authorization` headers for one server: Basic, or Bearer tokens from the service that the server names.
 *
 * What the server once challenged with is remembered, so that later requests come with a token at once. Tokens are kept
 * for each set of scopes until shortly before they expire; concurrent requests for one share it. A service that gives
 * no token is forgotten, since it may have moved: the next request goes without, and the server says where to ask now.
 *
 * Source: distribution v3.0.0, docs/spec/auth/token.md.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  #scheme: Scheme | null = null;
  readonly #basic = new Map<string | null, string>();
  readonly #tokens = new Map<string, Token>();
  readonly #questions = new SingleFlight<string, string>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** What to send unasked. Throws the signal's reason, and nothing else. */
  async authorize(access: Access, signal?: AbortSignal): Promise<Authorization> {
    const scheme = this.#scheme;
    if (scheme === null) return NOTHING;
    if (scheme.kind === "basic") {
      const isKept = this.#basic.has(access.path);
      return { header: await this.#basicFor(access), isKept, failure: null };
    }
    const scopes = this.#scopes(access);
    const kept = this.#usable(scopes);
    if (kept !== null) return { header: kept, isKept: true, failure: null };
    try {
      return { header: await this.#token(scheme, scopes, null, signal), isKept: false, failure: null };
    } catch (error) {
      signal?.throwIfAborted();
      if (this.#scheme === scheme) this.#scheme = null;
      return { ...NOTHING, failure: { scheme, error } };
    }
  }

  /** Something newer than what was refused, without a challenge, though it once was good; null when there is nothing. */
  async renew(access: Access, refused: Authorization, signal?: AbortSignal): Promise<Authorization | null> {
    if (!refused.isKept) return null;
    const scopes = this.#scopes(access);
    if (this.#tokens.get(keyOf(scopes))?.header === refused.header) this.#tokens.delete(keyOf(scopes));
    if (this.#basic.get(access.path) === refused.header) this.#basic.delete(access.path);
    const renewed = await this.authorize(access, signal);
    return renewed.header === refused.header ? null : renewed;
  }

  /**
   * The header to try after the server refused `sent` with a `WWW-Authenticate` header. Null when there is nothing to
   * try. Throws an `UpstreamError` when the token service that the server names gives no token.
   */
  async answer(
    wwwAuthenticate: string,
    access: Access,
    sent: Authorization,
    signal?: AbortSignal,
  ): Promise<string | null> {
    const challenges = parseChallenges(wwwAuthenticate);
    const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"));
    if (bearer !== undefined) return this.#answerBearer(bearer, access, sent, signal);
    if (!challenges.some(({ scheme }) => scheme === "basic")) return null;
    this.#scheme = { kind: "basic" };
    // What was refused may have been changed since: look again, once.
    this.#basic.delete(access.path);
    const header = await this.#basicFor(access);
    return header === sent.header ? null : header;
  }

  async #basicFor(access: Access): Promise<string | null> {
    const kept = this.#basic.get(access.path);
    if (kept !== undefined) return kept;
    const credentials = await this.#options.credentials(access.path);
    if (credentials?.kind !== "password") return null;
    const header = basicHeader(credentials.username, credentials.password);
    if (this.#basic.size >= KEPT) this.#basic.clear();
    this.#basic.set(access.path, header);
    return header;
  }

  async #answerBearer(
    challenge: Challenge,
    access: Access,
    sent: Authorization,
    signal: AbortSignal | undefined,
  ): Promise<string | null> {
    const realm = challenge.parameters.get("realm") ?? "";
    const service = challenge.parameters.get("service") ?? null;
    const known = this.#scheme;
    const scheme = { kind: "bearer", realm, service } as const;
    if (known !== null && !isSame(known, scheme)) this.#tokens.clear();
    this.#scheme = scheme;
    // It is the very service that gave none a moment ago.
    if (sent.failure !== null && isSame(sent.failure.scheme, scheme)) throw sent.failure.error;
    const scopes = this.#scopes(access);
    const asked = (challenge.parameters.get("scope") ?? "").split(/\s+/).filter((scope) => scope !== "");
    // So did the token that was refused, a moment ago: another one would be no better.
    const isFresh = sent.header !== null && !sent.isKept && known !== null && isSame(known, scheme);
    if (isFresh && areCovered(asked, scopes.wanted)) return null;
    if (this.#tokens.get(keyOf(scopes))?.header === sent.header) this.#tokens.delete(keyOf(scopes));
    return this.#token(scheme, scopes, asked, signal);
  }

  #scopes(access: Access): Scopes {
    return { path: access.path, wanted: scopesOf(access, this.#options.repositoryPrefix) };
  }

  #usable(scopes: Scopes): string | null {
    const kept = this.#tokens.get(keyOf(scopes));
    return kept !== undefined && kept.usableUntilMs > this.#options.elapsed() ? kept.header : null;
  }

  /** `asked` are the scopes that the server's challenge named, null without a challenge. */
  #token(
    scheme: BearerScheme,
    scopes: Scopes,
    asked: readonly string[] | null,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const kept = this.#usable(scopes);
    if (kept !== null) return Promise.resolve(kept);
    const fetched = this.#questions.run(keyOf(scopes), () => this.#fetchToken(scheme, scopes, asked ?? []));
    // Others may wait for the same token: this caller's signal ends its own waiting alone.
    return orAborted(fetched, signal);
  }

  async #fetchToken(scheme: BearerScheme, scopes: Scopes, asked: readonly string[]): Promise<string> {
    const { tokens, credentials, elapsed } = this.#options;
    const askedAtMs = elapsed();
    // Where the server calls things as larder does, what is wanted may be more than this one request needs (a push
    // begins with a HEAD). Where it does not, it knows best; but not every challenge names a mount's source.
    const scope = areCovered(asked, scopes.wanted)
      ? scopes.wanted
      : [...new Set([...asked, ...scopes.wanted.slice(1)])];
    const question = { realm: scheme.realm, service: scheme.service, scopes: scope };
    const { token, lifetimeSeconds } = await tokens.fetch(question, await credentials(scopes.path));
    const lifetimeMs = lifetimeSeconds * 1000;
    const marginMs = Math.min(Math.max(lifetimeMs / 5, SHORTEST_MARGIN_MS), LONGEST_MARGIN_MS);
    const header = `Bearer ${token}`;
    if (this.#tokens.size >= KEPT) this.#tokens.clear();
    this.#tokens.set(keyOf(scopes), { header, usableUntilMs: askedAtMs + lifetimeMs - marginMs });
    return header;
  }
}

type Scopes = { readonly path: string | null; readonly wanted: readonly string[] };

function isSame(scheme: Scheme, other: BearerScheme): boolean {
  return scheme.kind === "bearer" && scheme.realm === other.realm && scheme.service === other.service;
}

function keyOf(scopes: Scopes): string {
  return scopes.wanted.join(" ");
}
