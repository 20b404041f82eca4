import type { Gate } from "../../access/gate.ts";
import type { PageSessions } from "../../access/page-sessions/page-sessions.ts";
import type { Principal } from "../../access/principal.ts";
import { Unauthorized } from "../../access/unauthorized.ts";
import type { Exchange } from "../exchange.ts";
import { PageCookie } from "./page-cookie.ts";

/** What the cookies of requests are looked at with. */
export type PageVisitsParts = {
  readonly gate: Gate;
  readonly sessions: PageSessions;
  /** What tells this store's larders from others of the same host, in a cookie's name. */
  readonly cookieMark: () => Promise<string>;
};

/** Finds out by a cookie who asks. Only the admin API looks at cookies: a registry's clients have none. */
export class PageVisits {
  readonly #parts: PageVisitsParts;
  #cookie: PageCookie | null = null;

  constructor(parts: PageVisitsParts) {
    this.#parts = parts;
  }

  /**
   * From now on the exchange is whose session its cookie is of. One that is of none counts as none, and is taken away. Throws
   * DENIED for a request that does not come from larder's own page for certain. `isUse`: does a session go on by this?
   */
  async recognize(exchange: Exchange, isUse = true): Promise<void> {
    const { headers } = exchange.request;
    if (!headers.has("cookie") || headers.has("authorization")) return;
    const { gate, sessions } = this.#parts;
    // Asked before anything is waited for: who sent the request may be gone soon.
    const arrival = exchange.arrival();
    exchange.remote();
    const { scheme } = gate.clientOf({ request: exchange.request, arrival: () => arrival });
    const cookie = await this.#findCookie();
    const secrets = cookie.read(headers, scheme);
    for (const secret of secrets) {
      const session = await sessions.find(secret, isUse);
      if (session === null) continue;
      gate.refuseUnsurePages({ request: exchange.request, arrival: () => arrival });
      exchange.identifyAs(session.principal, () => this.#findAgain(secret));
      exchange.pageSession = session;
      return;
    }
    if (secrets.length === 0) return;
    exchange.hadSession = true;
    exchange.setCookie = cookie.clear(scheme);
  }

  /** Signs somebody in: the answer gives the cookie. */
  async begin(exchange: Exchange, identify: () => Promise<Parameters<PageSessions["begin"]>[0]>): Promise<void> {
    const arrival = exchange.arrival();
    const { gate, sessions } = this.#parts;
    const { scheme, address } = gate.clientOf({ request: exchange.request, arrival: () => arrival });
    const principal = await identify();
    const userAgent = exchange.request.headers.get("user-agent");
    const visitor = { who: null, from: address, requestId: exchange.requestId, userAgent };
    const { secret, session } = await sessions.begin(principal, visitor);
    await this.end(exchange);
    exchange.identifyAs(principal, () => this.#findAgain(secret));
    exchange.pageSession = session;
    exchange.hadSession = false;
    const seconds = Math.max(1, Math.floor((session.lastsUntilMs - session.createdAtMs) / 1000));
    exchange.setCookie = (await this.#findCookie()).give(scheme, secret, seconds);
  }

  /** Signs out whoever has the exchange's session. False: it has none. */
  async end(exchange: Exchange): Promise<boolean> {
    const { pageSession, who, requestId } = exchange;
    const { gate, sessions } = this.#parts;
    const { scheme, address } = gate.clientOf(exchange);
    exchange.setCookie = (await this.#findCookie()).clear(scheme);
    if (pageSession === null) return false;
    return sessions.end(pageSession.id, who, { who, from: address, requestId }, "signed-out");
  }

  async #findAgain(secret: string): Promise<Principal> {
    const session = await this.#parts.sessions.find(secret, false);
    if (session !== null) return session.principal;
    throw new Unauthorized("the session with the page is over: sign in again");
  }

  async #findCookie(): Promise<PageCookie> {
    this.#cookie ??= new PageCookie(await this.#parts.cookieMark());
    return this.#cookie;
  }
}
