import { networkInterfaces } from "node:os";
import { type IpAddress, tryParseIpAddress } from "./ip-address.ts";

/** An address of one of this machine's interfaces. */
export type InterfaceAddress = {
  /** `eth0` */
  readonly interfaceName: string;
  /** IPv6 in lower case and short, without a zone. */
  readonly address: string;
  /** Is the interface for this machine alone, as `lo` is? */
  readonly isInternal: boolean;
};

/** The addresses of this machine's interfaces as they are now, in the system's order. */
export function interfaceAddresses(interfaces = networkInterfaces()): readonly InterfaceAddress[] {
  return Object.entries(interfaces).flatMap(([interfaceName, infos = []]) =>
    infos.map(({ address, internal }) => ({ interfaceName, address: address.toLowerCase(), isInternal: internal })),
  );
}

/** How long the addresses are taken for known, in milliseconds. */
const KNOWN_FOR_MS = 2000;

/** The addresses of this machine's interfaces, which come and go, and all of the loopback. */
export class MachineAddresses {
  readonly #now: () => number;
  readonly #read: () => readonly string[];
  #known: ReadonlyMap<string, IpAddress> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** `now` gives milliseconds. `read` lists the addresses that count. */
  constructor(
    now: () => number,
    read: () => readonly string[] = () => interfaceAddresses().map(({ address }) => address),
  ) {
    this.#now = now;
    this.#read = read;
  }

  /** Is it one of them? */
  includes(address: IpAddress): boolean {
    return address.range() === "loopback" || this.#current().has(address.toString());
  }

  /** Is it one of them, as sockets print it? For those who have no time to parse: 10 µs each. */
  includesText(address: string): boolean {
    return address === "::1" || address.startsWith("127.") || this.#current().has(address);
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
