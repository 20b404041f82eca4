import type { AccessControl } from "../../access/access-control.ts";
import type { Action } from "../../access/action.ts";
import type { Authenticators } from "../../access/authenticators.ts";
import { type Credentials, readCredentials } from "../../access/credentials.ts";
import type { Principal } from "../../access/principal.ts";
import { type AskedScopes, parseScopes } from "../../access/sessions/parse-scopes.ts";
import type { SessionTokens } from "../../access/sessions/session-tokens.ts";
import type { TokenScope } from "../../access/token-scope.ts";
import { Unauthorized } from "../../access/unauthorized.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import { locateUnder, type ServedHosts } from "../../registry/names/locate.ts";
import { namespaceOfService, TOKEN_PATH } from "../challenge.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { readBody } from "../read-body.ts";
import { sendText } from "../send-text.ts";

/** What tokens are given by. */
export type TokenPagesParts = {
  readonly authenticators: Authenticators;
  readonly control: AccessControl;
  readonly sessions: SessionTokens;
  readonly hosts: ServedHosts;
  /** May somebody log in with credentials that are nobody's here? See `UpstreamAccess`. */
  readonly mayLogIn: (upstreamKey: string, namespace: Namespace | null) => Promise<boolean>;
};

/** A form holds a password, a token or two, and scopes. */
const FORM_BYTES = 64 << 10;
const FORM_TYPE = "application/x-www-form-urlencoded";

/** What a client asks for. `credentials` null: those of the request's header. */
type Question = { readonly fields: URLSearchParams; readonly credentials: Credentials | null };

/**
 * Larder's token server, where clients log in:
 *
 *     GET  /token?service=…&scope=…&scope=…    with Basic, or as nobody
 *     POST /token                              a form with grant_type=password, or refresh_token with a token of larder's
 *
 * A wrong password is 401. Whoever asks for more than they may gets a token for what they may, nobody in particular included:
 * the request itself is what is refused. There is no refresh token: a client would keep it in the password's place.
 *
 * Sources: distribution v3.0.0, docs/spec/auth/token.md (GET) and oauth.md (POST).
 */
export class TokenPages implements Pages {
  readonly name = "token";
  readonly #parts: TokenPagesParts;

  constructor(parts: TokenPagesParts) {
    this.#parts = parts;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    if (exchange.path !== TOKEN_PATH) return null;
    exchange.record.route = "token";
    return this.#answer(exchange);
  }

  async #answer(exchange: Exchange): Promise<Response> {
    const { request } = exchange;
    // Asked at once: whoever sent the request may leave.
    const arrival = exchange.arrival();
    const { fields, credentials } = await questionOf(exchange);
    const shown = credentials ?? readCredentials(request.headers);
    const mayBeForeign = credentials !== null || shown.kind === "basic";
    const principal = await this.#parts.authenticators.identify(shown, request, arrival, mayBeForeign);
    const namespace = namespaceOfService(fields.get("service"));
    const asked = parseScopes(fields.getAll("scope"));
    const scope = await this.#grant(principal, asked, namespace);
    // What was shown is nobody's here, and no registry that it was meant for knows it either.
    const isLogin = asked.repositories.size === 0;
    const { upstreamKey } = principal;
    const isKnown =
      upstreamKey === undefined ||
      (isLogin ? await this.#parts.mayLogIn(upstreamKey, namespace) : scope.repositories.size > 0);
    if (!isKnown) {
      throw new Unauthorized("the user name or the password is wrong, or may not do any of that");
    }
    const { token, issuedAtMs, lifetimeSeconds } = await this.#parts.sessions.give(principal, scope);
    const answer = {
      token,
      access_token: token,
      expires_in: lifetimeSeconds,
      issued_at: new Date(issuedAtMs).toISOString(),
    };
    const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
    return sendText(exchange, JSON.stringify(answer), { headers });
  }

  /** As much of what was asked for as somebody may. */
  async #grant(principal: Principal, asked: AskedScopes, namespace: Namespace | null): Promise<TokenScope> {
    const { control } = this.#parts;
    const repositories = new Map<RepositoryName, ReadonlySet<Action>>();
    for (const [text, actions] of asked.repositories) {
      const repository = this.#tryLocate(text, namespace);
      if (repository === null) continue;
      const may = new Set<Action>();
      for (const action of actions) {
        if ((await control.decide(principal, action, repository)).isAllowed) may.add(action);
      }
      const name = nameOf(repository);
      if (may.size > 0) repositories.set(name, new Set([...(repositories.get(name) ?? []), ...may]));
    }
    return { repositories, lists: asked.lists, all: asked.all };
  }

  #tryLocate(name: string, namespace: Namespace | null): Repository | null {
    try {
      return locateUnder(name, namespace, this.#parts.hosts);
    } catch (error) {
      if (error instanceof RegistryError) return null;
      throw error;
    }
  }
}

async function questionOf(exchange: Exchange): Promise<Question> {
  const { method, headers } = exchange.request;
  if (method === "GET") return { fields: exchange.query, credentials: null };
  if (method !== "POST") throw new MethodNotAllowed(method, ["GET", "POST"]);
  if (headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() !== FORM_TYPE) {
    throw new RegistryError("BAD_REQUEST", `a token is asked for by GET, or by POST with ${FORM_TYPE}`);
  }
  const bytes = await readBody(exchange, FORM_BYTES, "form");
  const fields = new URLSearchParams(new TextDecoder().decode(bytes));
  return { fields, credentials: credentialsIn(fields) };
}

/** The credentials of a form; they win over those of the header, which some clients send to every server. */
function credentialsIn(fields: URLSearchParams): Credentials | null {
  const grant = fields.get("grant_type");
  if (grant === null) return null;
  if (grant === "password") {
    const [username, password] = [fields.get("username") ?? "", fields.get("password") ?? ""];
    return username === "" && password === "" ? null : { kind: "basic", username, password };
  }
  if (grant === "refresh_token") {
    const token = fields.get("refresh_token") ?? "";
    if (token === "") throw new Unauthorized("the form has no refresh_token", "invalid_token");
    return { kind: "bearer", token };
  }
  throw new RegistryError(
    "BAD_REQUEST",
    `there is no grant_type ${quoteBriefly(grant)}; there are password and refresh_token`,
  );
}
