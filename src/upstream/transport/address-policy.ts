import { isIP } from "node:net";
import { type GuardedRange, guardedRangeOf } from "./guarded-range.ts";
import { UpstreamError } from "./upstream-error.ts";
import { DEFAULT_PORT, hostWithoutPort } from "../../lib/net/host-port.ts";

/**
 * Which addresses may be contacted on behalf of one registry.
 *
 * A registry's answers name further URLs: token services, redirects, upload sessions. Those must not lead into a
 * guarded range, unless one of the registry's own configured URLs names an address of that range (or `localhost`).
 * A configured URL itself may lead to loopback by its name too, since the administrator wrote it; a link-local or
 * metadata address has to be written out.
 */
export class AddressPolicy {
  readonly #origins: ReadonlySet<string>;
  readonly #granted: ReadonlySet<GuardedRange>;

  /** `configured` are the URLs of the registry and its mirrors. */
  constructor(configured: readonly URL[]) {
    this.#origins = new Set(configured.map((url) => url.origin));
    this.#granted = new Set(configured.map((url) => rangeNamedBy(hostOf(url))).filter((range) => range !== null));
  }

  /** Throws a `refused` failure when `url`, whose host has `address`, must not be contacted. */
  check(url: URL, address: string): void {
    const range = guardedRangeOf(address);
    if (range === null || this.#granted.has(range)) return;
    if (range === "loopback" && this.#origins.has(url.origin)) return;
    throw new UpstreamError(
      { kind: "refused" },
      `larder does not contact ${url.origin}: its address ${address} is ${range}, and this registry is not configured at such an address`,
    );
  }
}

/** The host of a URL as the resolver and the socket want it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return hostWithoutPort(url.hostname);
}

function rangeNamedBy(host: string): GuardedRange | null {
  if (host === "localhost" || host.endsWith(".localhost")) return "loopback";
  return isIP(host) === 0 ? null : guardedRangeOf(host);
}

/** The port that a URL leads to, whether it says so or not. */
export function portOf(url: URL): number {
  return Number(url.port || (url.protocol === "https:" ? DEFAULT_PORT.https : DEFAULT_PORT.http));
}
