/** What the headers that proxies add say of those whom they ask for. */
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { type IpNetwork, isInside } from "../lib/net/ip-network.ts";

/** Headers that proxies and load balancers add, besides all that begin with `x-forwarded` or `x-envoy-`. */
const PROXY_HEADERS: ReadonlySet<string> = new Set([
  "forwarded",
  "client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-original-forwarded-for",
  "x-original-host",
  "x-originating-ip",
  "x-proxyuser-ip",
  "x-real-ip",
  "x-remote-addr",
  "x-remote-ip",
  "x-host",
  "true-client-ip",
  "cf-connecting-ip",
  "cf-ray",
  "fastly-client-ip",
  "x-azure-clientip",
  "x-varnish",
  "proxy-connection",
]);

/** How a larder, and the command line, name themselves in `Via`. */
const LARDER_HOP = /^\S+ larder-[0-9a-f]+$/;

/** The name of a header which shows that a proxy passed the request on; null when none does. */
export function findProxyHeader(headers: Headers): string | null {
  for (const [name, value] of headers) {
    if (name.startsWith("x-forwarded") || name.startsWith("x-envoy-") || PROXY_HEADERS.has(name)) return name;
    if (name === "via" && !value.split(",").every((hop) => LARDER_HOP.test(hop.trim()))) return name;
  }
  return null;
}

/**
 * The clients that trusted proxies name: for each of `Forwarded` (RFC 7239) and `X-Forwarded-For` that is there, the last
 * address that is not a trusted proxy's itself; what stands before it is the client's own word. Null stands for one that
 * cannot be told. Where both headers are there they may differ: a proxy that knows one of them passes on the other.
 */
export function forwardedClients(headers: Headers, trusted: readonly IpNetwork[]): readonly (IpAddress | null)[] {
  const standard = headers.get("forwarded");
  const older = headers.get("x-forwarded-for");
  const chains = [
    ...(standard === null ? [] : [forwardedElements(standard).map((element) => parameterOf(element, "for"))]),
    ...(older === null ? [] : [older.split(",")]),
  ];
  return chains.map((chain) => {
    const addresses = chain.map((text) => (text === null ? null : tryParseNode(text)));
    return addresses.findLast((address) => address === null || !isInside(address, trusted)) ?? null;
  });
}

/**
 * Whom to name as the one who asked: the address at the other end of the connection, or the client that a trusted proxy
 * there tells of. Where its headers tell of two, one of them may be a client's own word, and the proxy is named.
 */
export function clientAddress(headers: Headers, remote: string, trusted: readonly IpNetwork[]): string {
  const address = trusted.length === 0 ? null : tryParseIpAddress(remote);
  if (address === null || !isInside(address, trusted)) return remote;
  const told = new Set(forwardedClients(headers, trusted).map((client) => client?.toString() ?? null));
  const [client = null] = told;
  return told.size === 1 && client !== null ? client : remote;
}

/** The scheme that the client used, as a trusted proxy tells; null when it does not. */
export function forwardedScheme(headers: Headers): "http" | "https" | null {
  const older = headers.get("x-forwarded-proto")?.split(",").at(-1);
  const standard = forwardedElements(headers.get("forwarded") ?? "").at(-1);
  const scheme = (older ?? parameterOf(standard ?? "", "proto") ?? "").trim().toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : null;
}

/** The host that the client named, as a trusted proxy tells; null when it does not. */
export function forwardedHost(headers: Headers): string | null {
  const older = headers.get("x-forwarded-host")?.split(",").at(-1);
  const standard = forwardedElements(headers.get("forwarded") ?? "").at(-1);
  return (older ?? parameterOf(standard ?? "", "host") ?? "").trim() || null;
}

/** The elements of a `Forwarded` header. A comma may stand in quotation marks. */
function forwardedElements(header: string): readonly string[] {
  return header.match(/(?:"[^"]*"|[^,"])+|"/g) ?? [];
}

function parameterOf(element: string, wanted: string): string | null {
  for (const pair of element.match(/(?:"[^"]*"|[^;"])+/g) ?? []) {
    const [name = "", ...value] = pair.split("=");
    if (name.trim().toLowerCase() === wanted)
      return value
        .join("=")
        .trim()
        .replace(/^"(.*)"$/, "$1");
  }
  return null;
}

/** `203.0.113.7`, `203.0.113.7:4711`, `[2001:db8::1]:4711`, `2001:db8::1`; null for `unknown`, `_hidden` and the like. */
function tryParseNode(text: string): IpAddress | null {
  const node = text.trim();
  const portless = /^(\[[^\]]*\]|\d+\.\d+\.\d+\.\d+):\w+$/.exec(node)?.[1] ?? node;
  return tryParseIpAddress(portless);
}
