import { type Access, scopesOf } from "./access.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicHeader, type Credentials } from "./credentials.ts";
import { orAborted } from "./host-resolver.ts";
import type { TokenService } from "./token-service.ts";

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
type Scheme =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: string; readonly service: string | null };

const KEPT = 1000;
const SHORTEST_MARGIN_MS = 1000;
const LONGEST_MARGIN_MS = 10_000;

/**
 * Makes the `Authorization` headers for one server: Basic, or Bearer tokens from the service that the server names.
 *
 * What the server once challenged with is remembered, so that later requests come with a token at once. Tokens are kept
 * for each set of scopes until shortly before they expire; concurrent requests for one share it.
 *
 * Source: distribution v3.0.0, docs/spec/auth/token.md.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  #scheme: Scheme | null = null;
  readonly #basic = new Map<string | null, string>();
  readonly #tokens = new Map<string, Token>();
  readonly #pending = new Map<string, Promise<string>>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The header to send unasked, null when none is known to be needed. */
  async header(access: Access, signal?: AbortSignal): Promise<string | null> {
    if (this.#scheme === null) return null;
    if (this.#scheme.kind === "basic") return this.#basicFor(access);
    return this.#token(this.#scheme, this.#scopes(access), null, signal);
  }

  /**
   * The header to try after the server refused one (`refused`, null when none was sent) with a `WWW-Authenticate`
   * header. Null when there is nothing to try.
   */
  async answer(
    wwwAuthenticate: string,
    access: Access,
    refused: string | null,
    signal?: AbortSignal,
  ): Promise<string | null> {
    const challenges = parseChallenges(wwwAuthenticate);
    const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"));
    if (bearer !== undefined) return this.#answerBearer(bearer, access, refused, signal);
    if (!challenges.some(({ scheme }) => scheme === "basic")) return null;
    this.#scheme = { kind: "basic" };
    // What was refused may have been changed since: look again, once.
    this.#basic.delete(access.path);
    const header = await this.#basicFor(access);
    return header === refused ? null : header;
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
    refused: string | null,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const realm = challenge.parameters.get("realm") ?? "";
    const service = challenge.parameters.get("service") ?? null;
    const known = this.#scheme;
    const scheme = { kind: "bearer", realm, service } as const;
    if (known?.kind !== "bearer" || known.realm !== realm || known.service !== service) this.#tokens.clear();
    this.#scheme = scheme;
    const scopes = this.#scopes(access);
    if (this.#tokens.get(keyOf(scopes))?.header === refused) this.#tokens.delete(keyOf(scopes));
    const asked = (challenge.parameters.get("scope") ?? "").split(/\s+/).filter((scope) => scope !== "");
    return this.#token(scheme, scopes, asked, signal);
  }

  #scopes(access: Access): Scopes {
    return { path: access.path, wanted: scopesOf(access, this.#options.repositoryPrefix) };
  }

  /** `asked` are the scopes that the server's challenge named, null without a challenge. */
  #token(
    scheme: Scheme & { kind: "bearer" },
    scopes: Scopes,
    asked: readonly string[] | null,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const key = keyOf(scopes);
    const kept = this.#tokens.get(key);
    if (kept !== undefined && kept.usableUntilMs > this.#options.elapsed()) return Promise.resolve(kept.header);
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#fetchToken(scheme, scopes, asked ?? []).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    // Others may wait for the same token: this caller's signal ends its own waiting alone.
    return orAborted(pending, signal);
  }

  async #fetchToken(scheme: Scheme & { kind: "bearer" }, scopes: Scopes, asked: readonly string[]): Promise<string> {
    const { tokens, credentials, elapsed } = this.#options;
    const askedAtMs = elapsed();
    // Where the server calls things as larder does, what is wanted may be more than this one request needs (a push
    // begins with a HEAD). Where it does not, it knows best; but not every challenge names a mount's source.
    const isCovered = asked.every((scope) => scopes.wanted.some((wanted) => covers(wanted, scope)));
    const scope = isCovered ? scopes.wanted : [...new Set([...asked, ...scopes.wanted.slice(1)])];
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

/** `repository:a:pull,push` covers `repository:a:pull`. */
function covers(scope: string, narrower: string): boolean {
  const [colon, narrowerColon] = [scope.lastIndexOf(":"), narrower.lastIndexOf(":")];
  const actions = scope.slice(colon + 1).split(",");
  return (
    scope.slice(0, colon) === narrower.slice(0, narrowerColon) &&
    narrower
      .slice(narrowerColon + 1)
      .split(",")
      .every((action) => actions.includes(action))
  );
}

function keyOf(scopes: Scopes): string {
  return scopes.wanted.join(" ");
}
