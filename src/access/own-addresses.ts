import { networkInterfaces } from "node:os";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";

/** How long the machine's addresses are taken for known. */
const KNOWN_FOR_MS = 2000;

/** The addresses of this machine's interfaces, which come and go, and all of the loopback. */
export class OwnAddresses {
  readonly #now: () => number;
  readonly #read: () => readonly string[];
  #known: ReadonlySet<string> = new Set();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, read: () => readonly string[] = readInterfaces) {
    this.#now = now;
    this.#read = read;
  }

  /** Is it one of them? */
  includes(address: IpAddress): boolean {
    if (address.range() === "loopback") return true;
    if (Math.abs(this.#now() - this.#readAtMs) > KNOWN_FOR_MS) {
      this.#known = new Set(this.#read().map((text) => tryParseIpAddress(text)?.toString() ?? text));
      this.#readAtMs = this.#now();
    }
    return this.#known.has(address.toString());
  }
}

function readInterfaces(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
