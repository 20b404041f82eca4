import { isIP } from "node:net";
import { DNS_PORT, type SocketAddress } from "./socket-address.ts";

/** More are not used by any system's own resolver. */
const MAX_SERVERS = 8;

/** They stand for this machine. */
const UNSPECIFIED: Readonly<{ [address: string]: string }> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The servers that the `nameserver` lines of an /etc/resolv.conf name (resolv.conf(5)); lines that make no sense are passed over. */
export function parseResolvConf(text: string): readonly SocketAddress[] {
  const addresses = text
    .split("\n")
    .map((line) => /^nameserver\s+([^\s#;]+)/.exec(line)?.[1] ?? "")
    .filter((address) => isIP(address) !== 0)
    .map((address) => UNSPECIFIED[address] ?? address);
  return [...new Set(addresses)].slice(0, MAX_SERVERS).map((address) => ({ address, port: DNS_PORT }));
}
