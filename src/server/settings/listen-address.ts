import { isIP } from "node:net";
import { formatHostPort, tryParseHostPort } from "../../lib/net/host-port.ts";

/** An address to listen on. `host` is null for every address of the machine, IPv4 and IPv6. */
export type ListenAddress = { readonly host: string | null; readonly port: number };

/** Reads `:80`, `127.0.0.1:5000`, `[::1]:5000`, `localhost:5000`; port 0 asks for a free one. Null when it is none. */
export function tryParseListenAddress(text: string): ListenAddress | null {
  const { host, port } = tryParseHostPort(text) ?? { host: "", port: null };
  if (port === null) return null;
  if (host === "" || host === "*") return { host: null, port };
  return isIP(host) !== 0 || host === "localhost" ? { host, port } : null;
}

/** Formats an address to listen on, as `tryParseListenAddress` reads it. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return formatHostPort(host ?? "", port);
}
