import { isIP } from "node:net";
import { quoteBriefly } from "../oci/digest.ts";

/** An IP address (IPv6 without brackets, perhaps with a zone: `fe80::1%eth0`) and a port. */
export type SocketAddress = { readonly address: string; readonly port: number };

/** The port of DNS. */
export const DNS_PORT = 53;

/**
 * Reads the address of a DNS server: `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::fe`, `[2620:fe::fe]:5353`.
 * Throws an Error that quotes what it is not.
 */
export function parseResolver(text: string): SocketAddress {
  if (isIP(text) !== 0) return { address: text, port: DNS_PORT };
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? DNS_PORT);
  if (isIP(address) !== 0 && port >= 1 && port <= 65_535) return { address, port };
  throw new Error(`${quoteBriefly(text)} is not a DNS server; give its IP address, as 9.9.9.9 or [2620:fe::fe]:53`);
}

/** As in a URL: `9.9.9.9:53`, `[2620:fe::fe]:53`. */
export function formatSocketAddress({ address, port }: SocketAddress): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
