import { type IpAddress, isLinkLocal, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { type IpNetwork, isInside } from "../lib/net/ip-network.ts";
import { tryParseHost } from "../lib/net/host-header.ts";
import { quoteBriefly } from "../oci/digest.ts";
import type { LarderHosts } from "./larder-hosts.ts";
import type { OwnAddresses } from "./own-addresses.ts";
import type { Arrival, Authenticator, Principal } from "./principal.ts";
import { findProxyHeader, forwardedClients } from "./proxy-headers.ts";
import type { RunningProxies } from "./running-proxies.ts";
import type { SocketOwner } from "./socket-table.ts";

/** What a decision is made of. */
export type OwnMachineOptions = {
  readonly addresses: OwnAddresses;
  readonly hosts: LarderHosts;
  /** Proxies whose word on their clients is taken. */
  readonly trustedProxies: readonly IpNetwork[];
  /** Who has the other end of a connection; see `findSocketOwner`. */
  readonly findSocketOwner: (remote: {
    readonly address: IpAddress;
    readonly port: number;
  }) => Promise<SocketOwner | "elsewhere" | "unknown">;
  readonly proxies: Pick<RunningProxies, "programOf">;
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

  async authenticate(request: Request, { remote, scheme }: Arrival): Promise<Principal> {
    const address = tryParseIpAddress(remote?.address ?? "");
    if (remote === null || address === null) return stranger("came from nowhere: its connection is gone");
    const trait = isInside(address, this.#options.trustedProxies)
      ? this.#whyForwardedIsStranger(request.headers, address)
      : (this.#whyForeign(address) ??
        this.#whyPassedOn(request.headers, address) ??
        (await this.#whyNotFromHere({ address, port: remote.port })));
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

  async #whyNotFromHere(remote: { readonly address: IpAddress; readonly port: number }): Promise<string | null> {
    const owner = await this.#options.findSocketOwner(remote);
    if (owner === "unknown") return null;
    if (owner === "elsewhere")
      return `came under ${remote.address.toString()}, an address of this machine, but from another one`;
    if (owner.inode === 0) return `came from ${remote.address.toString()}, and whoever sent it has left`;
    const program = this.#options.proxies.programOf(owner);
    return program === null ? null : `came from ${remote.address.toString()} through ${program}, which asks for others`;
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
