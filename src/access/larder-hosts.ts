import type { IpAddress } from "../lib/net/ip-address.ts";
import { type NamedHost, tryParseHost } from "../lib/net/host-header.ts";
import { DEFAULT_PORT } from "../lib/net/host-port.ts";

/** What larder is known by. Names may have a port, and are then meant with that one alone. */
export type KnownHosts = {
  /** Names that larder was given. */
  readonly names: readonly string[];
  /** Registries that it stands in for, with their aliases. */
  readonly standIns: readonly string[];
  /** Is this, in lower case, a name of this machine? */
  readonly isMachineName: (name: string) => boolean;
  /** Is this an address of this machine, or one that nodes are told? */
  readonly isOwnAddress: (address: IpAddress) => boolean;
  /** Where larder listens. */
  readonly ports: () => readonly { readonly scheme: "http" | "https"; readonly port: number }[];
};

/** Names that lead to the machine that asks, wherever that is. Source: RFC 6761, section 6.3; Debian's /etc/hosts. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set([
  "localhost",
  "localhost.localdomain",
  "ip6-localhost",
  "ip6-loopback",
]);

/** Tells larder's own hosts from others, as the `Host` header names them. */
export class LarderHosts {
  readonly #names: readonly NamedHost[];
  readonly #standIns: readonly NamedHost[];
  readonly #hosts: KnownHosts;

  constructor(hosts: KnownHosts) {
    this.#hosts = hosts;
    this.#names = hosts.names.map(tryParseHost).filter((host) => host !== null);
    this.#standIns = hosts.standIns.map(tryParseHost).filter((host) => host !== null);
  }

  /**
   * May a page at this host be larder's? A page whose name was made to lead here (DNS rebinding) keeps its own name. It
   * cannot have an address for a name, so any address will do. A registry that larder stands in for is not larder: its name
   * is somebody else's, and whoever answers for it on a foreign network may have the page.
   */
  includes(host: NamedHost): boolean {
    return (
      host.address !== null || isLoopback(host) || isOneOf(this.#names, host) || this.#hosts.isMachineName(host.name)
    );
  }

  /**
   * Does a client on this machine that wants larder, and nobody in between, say this? Then a port is one of larder's: a
   * proxy has a port of its own, and its clients name that. Tunnels end at `localhost` with any port; they are somebody's
   * who may log in here.
   */
  leadHere(host: NamedHost, scheme: "http" | "https"): boolean {
    if (isLoopback(host) || isOneOf(this.#names, host) || isOneOf(this.#standIns, host)) return true;
    const isThisMachine =
      host.address === null ? this.#hosts.isMachineName(host.name) : this.#hosts.isOwnAddress(host.address);
    const port = host.port ?? DEFAULT_PORT[scheme];
    return isThisMachine && this.#hosts.ports().some((own) => own.port === port);
  }
}

/** Those without a port stand for each. */
function isOneOf(known: readonly NamedHost[], { name, port }: NamedHost): boolean {
  return known.some((one) => one.name === name && (one.port === null || one.port === port));
}

/** `0.0.0.0` and `::` lead to the machine that asks, too. */
function isLoopback({ name, address }: NamedHost): boolean {
  if (address !== null) return address.range() === "loopback" || address.range() === "unspecified";
  return LOOPBACK_NAMES.has(name) || name.endsWith(".localhost");
}
