/** This machine's addresses: which to listen on, and which to give as an answer. Pure. */
import type { NetworkInterfaceInfo } from "node:os";
import ipaddr from "ipaddr.js";
import type { Cidr } from "./access.ts";
import type { SocketAddress } from "../lib/net/socket-address.ts";

/** An address of one of this machine's interfaces. */
export type LocalAddress = {
  /** With the interface as its zone when it is an IPv6 link-local one: `fe80::1%eth0`. */
  readonly address: string;
  readonly interfaceName: string;
  readonly family: "IPv4" | "IPv6";
  readonly isLinkLocalIpv6: boolean;
  readonly cidr: Cidr;
};

/** Where to listen. */
export type ListenAddress = {
  /** An IP address; `0.0.0.0` or `::` for all of that family; null for all of both. */
  readonly address: string | null;
  readonly port: number;
};

/** A socket address that `listen` asks for; `isNamed` when it asks for this very one, and not for all. */
export type WantedAddress = SocketAddress & { readonly isNamed: boolean };

/** What `os.networkInterfaces()` returns, as a list. */
export function listLocalAddresses(
  interfaces: Readonly<{ [name: string]: readonly NetworkInterfaceInfo[] | undefined }>,
): readonly LocalAddress[] {
  return Object.entries(interfaces).flatMap(([interfaceName, infos = []]) =>
    infos.map(({ address, family, cidr }) => {
      const isLinkLocalIpv6 = family === "IPv6" && ipaddr.parse(address).range() === "linkLocal";
      return {
        address: isLinkLocalIpv6 ? `${address}%${interfaceName}` : address,
        interfaceName,
        family,
        isLinkLocalIpv6,
        cidr: cidr ?? `${address}/${family === "IPv4" ? 32 : 128}`,
      };
    }),
  );
}

/**
 * The addresses to open sockets on. One socket for all addresses would not do: its answers would leave from the address
 * that the routing table likes best, and a client takes only those from the address that it asked.
 */
export function wantedAddresses(
  listen: readonly ListenAddress[],
  local: readonly LocalAddress[],
): readonly WantedAddress[] {
  const wanted = new Map<string, WantedAddress>();
  const want = (address: WantedAddress) => {
    const key = `${address.address} ${address.port}`;
    if (address.isNamed || !wanted.has(key)) wanted.set(key, address);
  };
  for (const { address, port } of listen) {
    if (address !== null && address !== "0.0.0.0" && address !== "::") {
      want({ address, port, isNamed: true });
      continue;
    }
    const families = address === null ? ["IPv4", "IPv6"] : [address === "::" ? "IPv6" : "IPv4"];
    for (const own of local) {
      if (families.includes(own.family)) want({ address: own.address, port, isNamed: false });
    }
  }
  return [...wanted.values()];
}

/**
 * What a client that asked at `address` can reach this machine by, at most one address of each family: that one, and the
 * first of the other family on the same interface. IPv6 link-local ones are no answer: they mean nothing without a zone,
 * which a record cannot hold.
 */
export function reachableAddresses(address: string, local: readonly LocalAddress[]): readonly string[] {
  const own = local.find((candidate) => candidate.address === address);
  if (own === undefined) return [address];
  const usable = local.filter(
    ({ interfaceName, isLinkLocalIpv6 }) => interfaceName === own.interfaceName && !isLinkLocalIpv6,
  );
  const inOrder = own.isLinkLocalIpv6 ? usable : [own, ...usable];
  const first = (family: string) => inOrder.find((candidate) => candidate.family === family)?.address;
  return [first("IPv4"), first("IPv6")].filter((found) => found !== undefined);
}
