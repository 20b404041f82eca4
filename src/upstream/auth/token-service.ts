import * as v from "valibot";
import { basicHeader, type Credentials } from "./credentials.ts";
import { resolveLocation, sendFollowing } from "../transport/redirects.ts";
import { drain, readWhole } from "../transport/response-body.ts";
import { statusFailure } from "../transport/status-failure.ts";
import type { HttpRequest, HttpResponse, RequestBody, Transport } from "../transport/transport.ts";
import { describeRequest } from "../transport/transport.ts";
import { inSpan } from "../../telemetry/traces/current-span.ts";
import { UpstreamError } from "../transport/upstream-error.ts";

/** Whom to ask for a token, as a challenge put it. `service` null: it named none. */
export type TokenQuestion = {
  readonly realm: string;
  readonly service: string | null;
  readonly scopes: readonly string[];
};

/** A token, and how long it holds from when it was asked for. */
export type GrantedToken = { readonly token: string; readonly lifetimeSeconds: number };

/** What asking for tokens needs. */
export type TokenServiceOptions = {
  readonly transport: Transport;
  /** The server that challenges; a realm may be relative to it, and must not be less safe. */
  readonly base: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly redirects: number;
  readonly timeoutMs: number;
  readonly now: () => number;
};

const RESPONSE_BYTES = 1024 * 1024;
/** "For compatibility with older clients, a token should never be returned with less than 60 seconds to live." */
const DEFAULT_LIFETIME_SECONDS = 60;
const LONGEST_LIFETIME_SECONDS = 24 * 60 * 60;
const CLIENT_ID = "larder";

/** What can stand in a header: visible ASCII, no blanks. */
const tokenText = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,65536}$/));
const tokenResponse = v.object({
  token: v.optional(v.nullable(v.union([tokenText, v.literal("")]))),
  access_token: v.optional(v.nullable(v.union([tokenText, v.literal("")]))),
  expires_in: v.optional(v.unknown()),
});

/**
 * Fetches Bearer tokens.
 *
 * With a password or anonymously by GET, and by POST where GET is not offered; with an identity token by POST, and by
 * GET where that is refused.
 *
 * Source: distribution v3.0.0, docs/spec/auth/token.md (GET) and oauth.md (POST).
 */
export class TokenService {
  readonly #options: TokenServiceOptions;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /** A token for these scopes; the service may grant less than that. Throws an `UpstreamError`. */
  fetch(question: TokenQuestion, credentials: Credentials | null): Promise<GrantedToken> {
    return inSpan("fetch token", {}, () => this.#fetch(question, credentials));
  }

  async #fetch(question: TokenQuestion, credentials: Credentials | null): Promise<GrantedToken> {
    const realm = resolveLocation(question.realm, this.#options.base);
    const get = (username: string, password: string) => this.#get(realm, question, username, password);
    if (credentials === null) return this.#read(await this.#get(realm, question, null, null));
    if (credentials.kind === "identity-token") {
      const grant = { grant_type: "refresh_token", refresh_token: credentials.token };
      const response = await this.#post(realm, question, grant);
      return this.#read(
        await this.#instead(response, [400, 404, 405], () => get(credentials.username, credentials.token)),
      );
    }
    const { username, password } = credentials;
    const grant = { grant_type: "password", username, password };
    const response = await get(username, password);
    return this.#read(await this.#instead(response, [404, 405], () => this.#post(realm, question, grant)));
  }

  async #instead(response: HttpResponse, statuses: readonly number[], other: () => Promise<HttpResponse>) {
    if (!statuses.includes(response.status)) return response;
    await drain(response.body);
    return other();
  }

  #get(realm: URL, question: TokenQuestion, username: string | null, password: string | null): Promise<HttpResponse> {
    const url = new URL(realm);
    if (question.service !== null) url.searchParams.append("service", question.service);
    for (const scope of question.scopes) url.searchParams.append("scope", scope);
    const headers: Record<string, string> = { ...this.#options.headers };
    if (username !== null && password !== null) {
      url.searchParams.append("account", username);
      headers["authorization"] = basicHeader(username, password);
    }
    return this.#send({ method: "GET", url, headers });
  }

  #post(realm: URL, question: TokenQuestion, grant: Readonly<Record<string, string>>): Promise<HttpResponse> {
    const form = new URLSearchParams({ ...grant, client_id: CLIENT_ID, scope: question.scopes.join(" ") });
    if (question.service !== null) form.set("service", question.service);
    const bytes = Buffer.from(form.toString());
    const body: RequestBody = { sizeBytes: bytes.byteLength, open: () => Promise.resolve(bytes) };
    const headers = { ...this.#options.headers, "content-type": "application/x-www-form-urlencoded" };
    return this.#send({ method: "POST", url: realm, headers, body });
  }

  #send(asked: HttpRequest): Promise<HttpResponse> {
    const request = { ...asked, headerTimeoutMs: this.#options.timeoutMs, lane: "auth" as const };
    // A form holds a secret in its body, which a redirect must not carry elsewhere.
    return request.method === "GET"
      ? sendFollowing(this.#options.transport, request, this.#options.redirects)
      : this.#options.transport.exchange(request);
  }

  async #read(response: HttpResponse): Promise<GrantedToken> {
    const what = `the token service ${response.url.origin}${response.url.pathname}`;
    if (response.status !== 200) throw await statusFailure(response, what, this.#options.now());
    const bytes = await readWhole(response.body, RESPONSE_BYTES, what);
    const parsed = v.safeParse(tokenResponse, parseJson(bytes));
    const token = parsed.success ? parsed.output.token || parsed.output.access_token : undefined;
    if (!parsed.success || !token) {
      throw new UpstreamError(
        { kind: "protocol" },
        `${describeRequest("GET", response.url)} did not answer with a token`,
      );
    }
    return { token, lifetimeSeconds: lifetime(parsed.output.expires_in) };
  }
}

/** A number, which some services send as a string; nonsense counts as nothing said. */
function lifetime(expiresIn: unknown): number {
  const seconds = Math.floor(Number(expiresIn ?? Number.NaN));
  return seconds > 0 ? Math.min(seconds, LONGEST_LIFETIME_SECONDS) : DEFAULT_LIFETIME_SECONDS;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The caller reports what is no JSON as it reports any other shape that it does not know.
    return null;
  }
}
