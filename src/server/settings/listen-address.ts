import { isIPv4, isIPv6 } from "node:net";

/** An address to listen on. `host` is null for every address of the machine, IPv4 and IPv6. */
export type ListenAddress = { readonly host: string | null; readonly port: number };

/** Reads `:80`, `127.0.0.1:5000`, `[::1]:5000`, `localhost:5000`; port 0 asks for a free one. Null when it is none. */
export function tryParseListenAddress(text: string): ListenAddress | null {
  const match = /^(|\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [host, port] = [match[1] ?? "", Number(match[2])];
  if (port > 65535) return null;
  if (host === "" || host === "*") return { host: null, port };
  if (host.startsWith("[")) {
    const bare = host.slice(1, -1);
    return isIPv6(bare.replace(/%.*$/, "")) ? { host: bare, port } : null;
  }
  return isIPv4(host) || host === "localhost" ? { host, port } : null;
}

/** As it was written. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  if (host === null) return `:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
