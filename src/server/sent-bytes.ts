import { ESTABLISHED, type SentBytesSource } from "../access/socket-diagnosis.ts";
import type { Endpoint } from "../access/socket-owner.ts";
import type { Arrival } from "../access/principal.ts";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";
import type { Progress } from "../registry/live/client-pull.ts";

/** The other end has said that it sends no more: it may still read. */
const CLOSE_WAIT = 8;
/** Larder's own address towards so many clients is remembered. */
const REMEMBERED = 1000;
/** A machine with more (IPVS gives it one for each service) is not searched for the one that a client came to. */
const MOST_ADDRESSES = 32;

/** A connection on which a file goes out. */
export type SendingConnection = { readonly near: Endpoint; readonly far: Endpoint };

/**
 * How much of a file has gone out that the system sends by itself (sendfile), so that nobody here counts it: the kernel tells what
 * the client's machine has acknowledged on that connection.
 */
export class SentBytesCounter {
  readonly #source: SentBytesSource | null;
  readonly #addresses: () => readonly IpAddress[];
  readonly #nearOf = new Map<string, IpAddress>();

  /** `source` null: the kernel does not tell. `addresses` are this machine's. */
  constructor(source: SentBytesSource | null, addresses: () => readonly IpAddress[]) {
    this.#source = source;
    this.#addresses = addresses;
  }

  /** The connection that a request came on; null where it cannot be found. */
  find({ remote, local }: Arrival): SendingConnection | null {
    const address = tryParseIpAddress(remote?.address ?? "");
    if (this.#source === null || remote === null || address === null) return null;
    const far = { address, port: remote.port };
    const own = local.address ?? this.#nearOf.get(remote.address) ?? null;
    if (own !== null) {
      const near = { address: own, port: local.port };
      if (this.#isThere(near, far)) return { near, far };
    }
    return local.address === null ? this.#search(far, remote.address, local.port) : null;
  }

  /** What has gone out on a connection so far; null where the kernel does not tell. */
  sent({ near, far }: SendingConnection): number | null {
    const told = this.#source?.sent(near, far) ?? null;
    return told === null || told === "unknown" ? null : told.acknowledged;
  }

  /**
   * How far `sizeBytes` have come that began to go out when `before` had gone. The head of the answer counts in: it is less than
   * anybody sees. `hasLeft`: the client has left before the end; else a connection that is gone has had all of it.
   */
  progress({ near, far }: SendingConnection, before: number, sizeBytes: number, hasLeft: boolean): Progress | null {
    const told = this.#source?.sent(near, far) ?? null;
    if (told === "unknown") return null;
    if (told === null) return { bytes: hasLeft ? 0 : sizeBytes, isOver: true };
    const bytes = Math.max(0, Math.min(sizeBytes, told.acknowledged - before));
    const isOpen = told.state === ESTABLISHED || told.state === CLOSE_WAIT;
    if (!isOpen && !hasLeft) return { bytes: sizeBytes, isOver: true };
    return { bytes, isOver: !isOpen || hasLeft || (bytes === sizeBytes && told.pending === 0) };
  }

  /** Most clients go to the address that they come from, or to one of few. */
  #search(far: Endpoint, remote: string, port: number): SendingConnection | null {
    const own = this.#addresses().filter((address) => address.kind() === far.address.kind());
    for (const address of [far.address, ...own].slice(0, MOST_ADDRESSES)) {
      const near = { address, port };
      if (!this.#isThere(near, far)) continue;
      if (this.#nearOf.size >= REMEMBERED) this.#nearOf.clear();
      this.#nearOf.set(remote, address);
      return { near, far };
    }
    return null;
  }

  #isThere(near: Endpoint, far: Endpoint): boolean {
    const told = this.#source?.sent(near, far) ?? null;
    return told !== null && told !== "unknown";
  }
}
