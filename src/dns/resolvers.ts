/** The DNS servers that questions for other names are forwarded to. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { isNotFound } from "../lib/files/system-error.ts";
import { type SocketAddress, tryParseSocketAddress } from "../lib/net/socket-address.ts";
import { quoteBriefly } from "../oci/digest.ts";

/** Servers as people write them (`9.9.9.9`, `[2620:fe::fe]:5353`), or the file that names the system's own. */
export type Resolvers = readonly string[] | { readonly resolvConf: string };

const DNS_PORT = 53;
/** More are not used by any system's own resolver. */
const MAX_SERVERS = 8;

/** They stand for this machine. */
const UNSPECIFIED: Readonly<{ [address: string]: string }> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Reads the servers; none when there is no such file. Throws an Error that quotes the one that is no IP address. */
export async function readResolvers(from: Resolvers): Promise<readonly SocketAddress[]> {
  if (!("resolvConf" in from)) return from.map(parseResolver);
  try {
    return parseResolvConf(await readFile(from.resolvConf, "utf8"));
  } catch (error) {
    // DHCP clients replace the file; some machines have none. There is nobody to ask then, and clients are told so.
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** The servers that the `nameserver` lines of an /etc/resolv.conf name (resolv.conf(5)); lines that make no sense are passed over. */
export function parseResolvConf(text: string): readonly SocketAddress[] {
  const addresses = text
    .split("\n")
    .map((line) => /^nameserver\s+([^\s#;]+)/.exec(line)?.[1] ?? "")
    .filter((address) => isIP(address) !== 0)
    .map((address) => UNSPECIFIED[address] ?? address);
  return [...new Set(addresses)].slice(0, MAX_SERVERS).map((address) => ({ address, port: DNS_PORT }));
}

function parseResolver(text: string): SocketAddress {
  const address = tryParseSocketAddress(text, DNS_PORT);
  if (address !== null) return address;
  throw new Error(`${quoteBriefly(text)} is not a DNS server; give its IP address, as 9.9.9.9 or [2620:fe::fe]:53`);
}
