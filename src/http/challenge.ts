/**
 * What a client is told that should say who it is.
 *
 * - `/v2/`: `Bearer realm="https://registry.lan/token",service="larder",scope="repository:team/app:pull,push"` alone: with
 *   `Basic` beside it Docker would not pull without a login.
 * - elsewhere `Basic` too, which people's programs know; but not for scripts of a page, since a browser would ask for it in a
 *   window of its own.
 *
 * Sources: RFC 9110, section 11; RFC 6750, section 3; distribution v3.0.0, docs/spec/auth/token.md.
 */
import { clientOrigin } from "../access/client-origin.ts";
import { Unauthorized } from "../access/unauthorized.ts";
import type { IpNetwork } from "../lib/net/ip-network.ts";
import { type Namespace, tryParseNamespace } from "../oci/repository-name.ts";
import type { Exchange } from "./exchange.ts";

/** Where tokens are given. */
export const TOKEN_PATH = "/token";

/** What a request of the distribution API asked for, as the token server is asked for it. */
export type AskedScope = {
  /** The registry that the request is held to; null at larder's own address. A token request has no other way to tell. */
  readonly namespace: Namespace | null;
  /** `repository:NAME:ACTIONS`, the name as the client wrote it; null where nothing in particular is asked for. */
  readonly scope: string | null;
};

/** The scope of a token that may all that its owner may: for what is not the distribution API. */
const EVERYTHING = "registry:larder:*";
const SERVICE = "larder";

/** The service that a token is asked for under. */
function serviceOf(namespace: Namespace | null): string {
  return namespace === null ? SERVICE : `${SERVICE}/${namespace}`;
}

/** The registry that a service stands for; null for larder itself, and for what is none of larder's services. */
export function namespaceOfService(service: string | null): Namespace | null {
  return service?.startsWith(`${SERVICE}/`) === true ? tryParseNamespace(service.slice(SERVICE.length + 1)) : null;
}

/** What clients are asked for, and where. */
export type Asking = {
  readonly trustedProxies: readonly IpNetwork[];
  /** By which clients reach larder; null: as each asks. */
  readonly publicUrl: string | null;
  /** The realm with which a user and a password are asked for, and no token; null: a token is. */
  readonly basicRealm: string | null;
};

/** Where clients reach larder, without a slash at the end; null where that cannot be told. */
export function originFor(
  exchange: Exchange,
  { trustedProxies, publicUrl }: Omit<Asking, "basicRealm">,
): string | null {
  if (publicUrl !== null) return publicUrl.replace(/\/+$/, "");
  return clientOrigin(exchange.request.headers, exchange.arrival(), trustedProxies);
}

/** The `WWW-Authenticate` header of an answer. `asked` is null outside of the distribution API. */
export function challengeOf(exchange: Exchange, fault: unknown, asked: AskedScope | null, asking: Asking): string {
  if (asking.basicRealm !== null) return `Basic realm="${asking.basicRealm}", charset="UTF-8"`;
  const origin = originFor(exchange, asking);
  const isAskedByScript = asked === null && isScript(exchange.request.headers);
  // Without a name for larder there is nowhere to send the client to.
  if (origin === null) return isAskedByScript ? 'Bearer realm="larder"' : BASIC;
  const scope = asked === null ? EVERYTHING : asked.scope;
  const error = fault instanceof Unauthorized ? fault.challengeError : null;
  const parameters = [
    `realm="${origin}${TOKEN_PATH}"`,
    `service="${serviceOf(asked?.namespace ?? null)}"`,
    ...(scope === null ? [] : [`scope="${scope}"`]),
    ...(error === null ? [] : [`error="${error}"`]),
  ];
  const bearer = `Bearer ${parameters.join(",")}`;
  return asked === null && !isAskedByScript ? `${BASIC}, ${bearer}` : bearer;
}

/**
 * Does a script of a page ask, and no person who typed the address? Over plain http browsers do not say so by themselves:
 * larder's own page does (X-Requested-With), and its stream of events has a media type of its own.
 */
function isScript(headers: Headers): boolean {
  if (headers.has("origin") || headers.has("x-requested-with")) return true;
  const destination = headers.get("sec-fetch-dest");
  return destination === null ? headers.get("accept") === "text/event-stream" : destination === "empty";
}

const BASIC = 'Basic realm="larder", charset="UTF-8"';
