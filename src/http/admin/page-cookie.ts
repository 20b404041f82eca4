/**
 * The cookie that a browser has of a session with the page:
 *
 *     https    __Host-larder-MARK=SECRET; Path=/; Secure; HttpOnly; SameSite=Strict
 *     http     larder-MARK=SECRET; Path=/api/v1; HttpOnly; SameSite=Strict
 *
 * Browsers take `__Host-` and `Secure` over https alone, so that nobody on the way of plain http can give a session to https.
 * They do not know ports: MARK tells the larders of one host apart, and is the same for all larders of a store.
 *
 * Source: RFC 6265bis, sections 4.1.3 and 5.6.
 */
import { ADMIN_PATH } from "../../admin/contract.ts";

type Scheme = "http" | "https";

/** So many cookies of one name are looked at: other pages of a host can set more. */
const READ_LIMIT = 8;
const ATTRIBUTES = "HttpOnly; SameSite=Strict";

/** Reads and spells the cookie of one larder. */
export class PageCookie {
  readonly #mark: string;

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** What the request has under the cookie's name, the first ones. */
  read(headers: Headers, scheme: Scheme): readonly string[] {
    const header = headers.get("cookie");
    const start = `${this.#name(scheme)}=`;
    if (header === null || !header.includes(start)) return [];
    const found: string[] = [];
    for (const part of header.split(";")) {
      const pair = part.trim();
      if (pair.startsWith(start) && found.length < READ_LIMIT) found.push(pair.slice(start.length));
    }
    return found;
  }

  give(scheme: Scheme, secret: string, maxAgeSeconds: number): string {
    return `${this.#name(scheme)}=${secret}; ${placeOf(scheme)}; ${ATTRIBUTES}; Max-Age=${maxAgeSeconds}`;
  }

  /** Has the browser forget it. */
  clear(scheme: Scheme): string {
    return this.give(scheme, "", 0);
  }

  #name(scheme: Scheme): string {
    return `${scheme === "https" ? "__Host-larder" : "larder"}-${this.#mark}`;
  }
}

function placeOf(scheme: Scheme): string {
  return scheme === "https" ? "Path=/; Secure" : `Path=${ADMIN_PATH}`;
}
