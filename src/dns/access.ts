/**
 * Who may ask? Whoever is near: a DNS server that answers the whole internet is a weapon, aimed at whoever's address a
 * query claims to come from.
 */
import ipaddr from "ipaddr.js";

/** An interface's address with the length of its network's prefix, as `10.0.0.5/24`. */
export type Cidr = string;

/** `local`: those near, as `AccessRule` says; `all`: anybody. */
export type AccessMode = "local" | "all";

/**
 * Ranges that do not come in from the internet: loopback, RFC 1918, RFC 4193, link-local, and RFC 6598, which
 * overlay networks of machines use.
 */
const NEAR_RANGES: ReadonlySet<string> = new Set([
  "loopback",
  "private",
  "uniqueLocal",
  "linkLocal",
  "carrierGradeNat",
]);
const MAX_REMEMBERED = 4096;

/** Near are the ranges above, and the networks that this machine's own interfaces are in. */
export class AccessRule {
  readonly #mode: AccessMode;
  readonly #networks: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];
  readonly #remembered = new Map<string, boolean>();

  constructor(mode: AccessMode, ownNetworks: readonly Cidr[]) {
    this.#mode = mode;
    this.#networks = ownNetworks.map((network) => ipaddr.parseCIDR(network));
  }

  /** `address` as sockets give it: perhaps with a zone, perhaps IPv4 within IPv6. */
  allows(address: string): boolean {
    if (this.#mode === "all") return true;
    const known = this.#remembered.get(address);
    if (known !== undefined) return known;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    const isNear = this.#isNear(ipaddr.process(address.replace(/%.*$/, "")));
    this.#remembered.set(address, isNear);
    return isNear;
  }

  #isNear(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
    const isInside = ([base, bits]: readonly [ipaddr.IPv4 | ipaddr.IPv6, number]) =>
      base.kind() === address.kind() && address.match(base, bits);
    return NEAR_RANGES.has(address.range()) || this.#networks.some(isInside);
  }
}
