import { networkInterfaces } from "node:os";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";

/** How long the machine's addresses are taken for known. */
const KNOWN_FOR_MS = 2000;

/** The addresses of this machine's interfaces, which come and go, and all of the loopback. */
export class OwnAddresses {
  readonly #now: () => number;
  readonly #read: () => readonly string[];
  #known: ReadonlyMap<string, IpAddress> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, read: () => readonly string[] = readInterfaces) {
    this.#now = now;
    this.#read = read;
  }

  /** Is it one of them? */
  includes(address: IpAddress): boolean {
    return address.range() === "loopback" || this.#current().has(address.toString());
  }

  /** Those of the interfaces. */
  list(): readonly IpAddress[] {
    return [...this.#current().values()];
  }

  #current(): ReadonlyMap<string, IpAddress> {
    if (Math.abs(this.#now() - this.#readAtMs) <= KNOWN_FOR_MS) return this.#known;
    const addresses = this.#read().map(tryParseIpAddress);
    this.#known = new Map(addresses.filter((address) => address !== null).map((found) => [found.toString(), found]));
    this.#readAtMs = this.#now();
    return this.#known;
  }
}

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * The addresses that are this machine's alone. Not so the one that slirp4netns gives to a container of Podman's without
 * root (`tap0`, 10.0.2.100): whoever comes in by a published port seems to come from it.
 *
 * Source: podman-run(1), "--network slirp4netns:port_handler=rootlesskit".
 */
export function ownAddressesOf(interfaces: Interfaces): readonly string[] {
  return Object.entries(interfaces)
    .flatMap(([name, list]) => (list ?? []).map(({ address }) => ({ name, address })))
    .filter(({ name, address }) => !(name === "tap0" && address.startsWith("10.0.2.")))
    .map(({ address }) => address);
}

function readInterfaces(): readonly string[] {
  return ownAddressesOf(networkInterfaces());
}
