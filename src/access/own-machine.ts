import { type IpAddress, isLinkLocal, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { type IpNetwork, isInside } from "../lib/net/ip-network.ts";
import { tryParseHost } from "../lib/net/host-header.ts";
import { quoteBriefly } from "../oci/digest.ts";
import type { Connection } from "./find-far-end.ts";
import type { LarderHosts } from "./larder-hosts.ts";
import { interfaceAddresses, type MachineAddresses } from "../lib/net/machine-addresses.ts";
import type { Arrival, Authenticator, Principal } from "./principal.ts";
import { findProxyHeader, forwardedClients } from "./proxy-headers.ts";
import type { RunningProxies } from "./running-proxies.ts";
import type { FarEnd } from "./socket-owner.ts";

/** What a decision is made of. */
export type OwnMachineOptions = {
  readonly addresses: MachineAddresses;
  readonly hosts: LarderHosts;
  /** Proxies whose word on their clients is taken. */
  readonly trustedProxies: readonly IpNetwork[];
  /** Who has the other end of a connection; see `findFarEnd`. */
  readonly findFarEnd: (connection: Connection) => Promise<FarEnd>;
  readonly proxies: Pick<RunningProxies, "any" | "programOf">;
};

/**
 * Knows the people and programs of the machine that larder runs on.
 *
 * An address of this machine shows that a request came from here, but not for whom: proxies on this machine ask for
 * others. Each thing that speaks for one makes the request a stranger's. A proxy that hides well cannot be told; those
 * who run one say so (`trustedProxies`), and then what it tells of its client counts instead.
 */
export class OwnMachine implements Authenticator {
  readonly #options: OwnMachineOptions;

  constructor(options: OwnMachineOptions) {
    this.#options = options;
  }

  async authenticate(request: Request, { remote, local, scheme }: Arrival): Promise<Principal> {
    const address = tryParseIpAddress(remote?.address ?? "");
    if (remote === null || address === null) return stranger("came from nowhere: its connection is gone");
    const trait = isInside(address, this.#options.trustedProxies)
      ? this.#whyForwardedIsStranger(request.headers, address)
      : (this.#whyForeign(address) ??
        this.#whyPassedOn(request.headers, address) ??
        (await this.#whyNotFromHere({ remote: { address, port: remote.port }, local })));
    const reason = trait ?? this.#whyElsewhere(request.headers, address, scheme);
    return reason === null ? { kind: "own-machine" } : stranger(reason);
  }

  /** A neighbour on one link may have the link-local address that this machine has on another. */
  #whyForeign(address: IpAddress): string | null {
    if (isLinkLocal(address)) return `came from ${address.toString()}, and a link-local address is no machine's alone`;
    return this.#options.addresses.includes(address) ? null : `came from ${address.toString()}`;
  }

  #whyForwardedIsStranger(headers: Headers, proxy: IpAddress): string | null {
    const clients = forwardedClients(headers, this.#options.trustedProxies);
    if (clients.length === 0) return `came from ${proxy.toString()}, a trusted proxy, which did not say for whom`;
    for (const client of clients) {
      if (client === null) return `came from ${proxy.toString()}, a trusted proxy, which named no address of a client`;
      const trait = this.#whyForeign(client);
      if (trait !== null) return `${trait}, through the trusted proxy ${proxy.toString()}`;
    }
    return null;
  }

  #whyPassedOn(headers: Headers, address: IpAddress): string | null {
    const header = findProxyHeader(headers);
    if (header === null) return null;
    return `came from ${address.toString()} through a proxy, which its ${header} header shows (--trusted-proxy ${address.toString()} would take that proxy's word on its clients)`;
  }

  async #whyNotFromHere(connection: Connection): Promise<string | null> {
    const { findFarEnd, proxies } = this.#options;
    const from = connection.remote.address.toString();
    const far = await findFarEnd(connection);
    if (far === "unknown") return null;
    if (far === "elsewhere") return `came under ${from}, an address of this machine, but from another one`;
    if (far !== "left") {
      const program = await proxies.programOf(far);
      if (program !== null) return `came from ${from} through ${program}, which asks for others`;
      // Was it still open when the programs were looked through?
      const now = await findFarEnd(connection);
      if (typeof now === "object" && now.inode === far.inode) return null;
    }
    // A program may send a request and end. So may a proxy, when its own client does.
    const suspect = await proxies.any();
    return suspect === null ? null : `came from ${from}, whoever sent it has left, and it may have been ${suspect}`;
  }

  #whyElsewhere(headers: Headers, address: IpAddress, scheme: "http" | "https"): string | null {
    const text = headers.get("host") ?? "";
    const host = tryParseHost(text);
    if (host !== null && this.#options.hosts.leadHere(host, scheme)) return null;
    const remedy = host === null ? "" : ` (--name ${text} makes it one)`;
    const what =
      text === "" ? "has no Host header" : `is for ${quoteBriefly(text)}, which is none of this larder's hosts`;
    return `came from ${address.toString()}, but ${what}${remedy}`;
  }
}

function stranger(trait: string): Principal {
  return { kind: "stranger", trait };
}

/**
 * The addresses that are this machine's alone. Not so the one that slirp4netns gives to a container of Podman's without
 * root (`tap0`, 10.0.2.100): whoever comes in by a published port seems to come from it.
 *
 * Source: podman-run(1), "--network slirp4netns:port_handler=rootlesskit".
 */
export function unsharedAddresses(addresses = interfaceAddresses()): readonly string[] {
  return addresses
    .filter(({ interfaceName, address }) => !(interfaceName === "tap0" && address.startsWith("10.0.2.")))
    .map(({ address }) => address);
}
