import { isIP } from "node:net";
import { formatHostPort, tryParseHostPort } from "./host-port.ts";

/** An IP address (IPv6 without brackets, perhaps with a zone: `fe80::1%eth0`) and a port. */
export type SocketAddress = { readonly address: string; readonly port: number };

/**
 * Reads the address of a server: `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::fe`, `[2620:fe::fe]:5353`. Null when it is none: a
 * name, or port 0, where nothing listens.
 */
export function tryParseSocketAddress(text: string, defaultPort: number): SocketAddress | null {
  if (isIP(text) !== 0) return { address: text, port: defaultPort };
  const { host, port } = tryParseHostPort(text) ?? { host: "", port: null };
  return isIP(host) !== 0 && port !== 0 ? { address: host, port: port ?? defaultPort } : null;
}

/** As in a URL: `9.9.9.9:53`, `[2620:fe::fe]:53`. */
export function formatSocketAddress({ address, port }: SocketAddress): string {
  return formatHostPort(address, port);
}
