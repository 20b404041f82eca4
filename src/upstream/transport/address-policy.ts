import { isIP } from "node:net";
import * as ipaddr from "ipaddr.js";
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

/**
 * Ranges of addresses that only this machine or this link answers at. A registry on the internet has no reason to send
 * larder there, and much to gain: `metadata` are the addresses where clouds hand out a machine's own credentials.
 */
type GuardedRange = "loopback" | "link-local" | "unspecified" | "multicast" | "metadata";

/** AWS's over IPv6, Alibaba Cloud's, Oracle Cloud's; the common 169.254.169.254 is link-local as it is. */
const METADATA = new Set(["fd00:ec2::254", "100.100.100.200", "192.0.0.192"]);

/**
 * The guarded range that an address is in, null when it is in none. An IPv4 address inside an IPv6 one (mapped,
 * NAT64, 6to4) counts as what it leads to. Throws when `address` is not an IP address.
 */
export function guardedRangeOf(address: string): GuardedRange | null {
  const parsed = ipaddr.parse(address.replace(/%.*$/, ""));
  const ip = parsed.kind() === "ipv6" ? innerAddress(parsed as ipaddr.IPv6) : parsed;
  if (METADATA.has(ip.toString())) return "metadata";
  switch (ip.range()) {
    case "loopback":
      return "loopback";
    case "linkLocal":
      return "link-local";
    case "unspecified":
      return "unspecified";
    case "multicast":
    case "broadcast":
      return "multicast";
    default:
      return null;
  }
}

/** The IPv4 address that packets to `ip` end up at, or `ip` itself. */
function innerAddress(ip: ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  const bytes = ip.toByteArray();
  const last = (): ipaddr.IPv4 => new ipaddr.IPv4(bytes.slice(12));
  switch (ip.range()) {
    case "ipv4Mapped":
    case "rfc6052":
    case "rfc6145":
      return last();
    case "6to4":
      return new ipaddr.IPv4(bytes.slice(2, 6));
    default:
      // The old IPv4-compatible form, ::127.0.0.1; below ::1:0 lie only :: and ::1.
      return bytes.slice(0, 12).every((byte) => byte === 0) && bytes.slice(12, 14).some((byte) => byte !== 0)
        ? last()
        : ip;
  }
}
