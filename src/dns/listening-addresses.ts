/** The sockets of the DNS server: one pair an address, opened and closed as interfaces come and go. */
import { bindAddress, type BoundAddress } from "./bound-address.ts";
import {
  type ListenAddress,
  type LocalAddress,
  reachableAddresses,
  type WantedAddress,
  wantedAddresses,
} from "./local-addresses.ts";
import type { Responder } from "./responder.ts";
import { formatSocketAddress, type SocketAddress } from "../lib/net/socket-address.ts";
import { ConnectionCount } from "./tcp-connections.ts";
import { codeOf } from "../lib/files/system-error.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** The sockets that are open, which follow the machine's addresses. */
export class ListeningAddresses {
  readonly #listen: readonly ListenAddress[];
  readonly #responder: Responder;
  readonly #log: DnsLog;
  readonly #count = new ConnectionCount();
  /** By address and wanted port. */
  readonly #bound = new Map<string, BoundAddress>();
  /** Addresses that cannot be listened on, and why. */
  readonly #problems = new Map<string, string>();
  /** What port 0 became: the same on all addresses. */
  #chosenPort = 0;
  #isStopped = false;

  constructor(listen: readonly ListenAddress[], responder: Responder, log: DnsLog) {
    this.#listen = listen;
    this.#responder = responder;
    this.#log = log;
  }

  get addresses(): readonly SocketAddress[] {
    return [...this.#bound.values()].map(({ address, port }) => ({ address, port }));
  }

  /** Opens what is wanted now. Throws an Error when a named address cannot be listened on, or nothing at all. */
  async open(local: readonly LocalAddress[]): Promise<void> {
    await this.#follow(local, true);
    if (this.#bound.size > 0) return;
    const problems = [...this.#problems.values()];
    throw new Error(`DNS can listen on no address of this machine: ${problems.join("; ") || "it has none"}`);
  }

  /** Opens sockets on new addresses and closes those on addresses that are gone. What fails is logged, and tried again. */
  async update(local: readonly LocalAddress[]): Promise<void> {
    await this.#follow(local, false);
  }

  stop(): void {
    this.#isStopped = true;
    for (const bound of this.#bound.values()) bound.stop();
    this.#bound.clear();
  }

  async #follow(local: readonly LocalAddress[], isStart: boolean): Promise<void> {
    const wanted = new Map(
      wantedAddresses(this.#listen, local).map((address) => [formatSocketAddress(address), address]),
    );
    for (const [key, bound] of this.#bound) {
      if (wanted.has(key)) continue;
      bound.stop();
      this.#bound.delete(key);
      this.#log.info("DNS listens no longer", { address: formatSocketAddress(bound) });
    }
    for (const [key, address] of wanted) {
      if (!this.#bound.has(key)) await this.#bind(key, address, isStart);
      this.#bound.get(key)?.offer(reachableAddresses(address.address, local));
    }
  }

  async #bind(key: string, wanted: WantedAddress, isStart: boolean): Promise<void> {
    const port = wanted.port === 0 ? this.#chosenPort : wanted.port;
    try {
      const bound = await bindAddress({ address: wanted.address, port }, this.#responder, this.#count);
      if (this.#isStopped) {
        bound.stop();
        return;
      }
      if (wanted.port === 0) this.#chosenPort = bound.port;
      this.#bound.set(key, bound);
      this.#problems.delete(key);
      this.#log.info("DNS listens", { address: formatSocketAddress(bound) });
    } catch (error) {
      const problem = explain({ address: wanted.address, port }, error);
      if (isStart && wanted.isNamed) throw new Error(`DNS cannot listen on ${problem}`, { cause: error });
      // Once, not at every look. Addresses that are being set up get through at the next one.
      const isNews = this.#problems.get(key) !== problem;
      this.#problems.set(key, problem);
      if (isNews) this.#log.warn("DNS cannot listen on an address of this machine", { problem });
    }
  }
}

function explain(address: SocketAddress, error: unknown): string {
  const where = formatSocketAddress(address);
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `${where}: another program listens there (see: ss -lunpt 'sport = ${address.port}'); end it, or name other addresses`;
    case "EACCES":
      return `${where}: ports below 1024 need root, or the capability CAP_NET_BIND_SERVICE`;
    case "EADDRNOTAVAIL":
      return `${where}: this machine has no such address`;
    default:
      return `${where}: ${describeFailure(error)}`;
  }
}

/** What the DNS server tells the operator. Never what clients ask. */
export type DnsLog = {
  info(message: string, fields?: Readonly<{ [name: string]: unknown }>): void;
  warn(message: string, fields?: Readonly<{ [name: string]: unknown }>): void;
};
