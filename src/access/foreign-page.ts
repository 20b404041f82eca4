/**
 * A browser runs scripts of anybody whose page is open, and they can reach what the browser can: the larder of the machine
 * that it runs on, which takes its requests for that machine's. No page but larder's own may make it write.
 *
 * Sources: Fetch standard, "Origin header" (browsers send it with every method but GET and HEAD) and "Sec-Fetch-Site".
 */
import { tryParseHost } from "../lib/net/host-header.ts";
import { quoteBriefly } from "../oci/digest.ts";
import type { LarderHosts } from "./larder-hosts.ts";
import { DEFAULT_PORT } from "../lib/net/host-port.ts";

/** The page has the very host of the request, or a person typed the address. Anything else is another's. */
const OWN_SITES: ReadonlySet<string> = new Set(["same-origin", "none"]);

/**
 * Why this request is a page's that is not larder's own; null when it is larder's, or no browser's. `scheme` is the one
 * that the client used.
 */
export function findForeignPage(headers: Headers, scheme: "http" | "https", hosts: LarderHosts): string | null {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  if (site !== null && !OWN_SITES.has(site.trim().toLowerCase())) {
    return `a browser sent it for ${origin === null ? "another site" : `a page of ${quoteBriefly(origin)}`}, and only larder's own pages may`;
  }
  if (origin === null && site === null) return null;
  const hostText = headers.get("host") ?? "";
  const host = tryParseHost(hostText);
  if (host === null || !hosts.includes(host)) {
    const remedy = host === null ? "" : `; if larder is meant, start it with --name ${host.name}`;
    return `a browser sent it to ${quoteBriefly(hostText)}, which is none of larder's names${remedy}`;
  }
  if (origin === null) return null;
  const [, originScheme = "", authority = ""] = /^([a-z][a-z\d+.-]*):\/\/([^/]+)$/i.exec(origin) ?? [];
  const page = tryParseHost(authority);
  const isSame =
    page !== null &&
    originScheme.toLowerCase() === scheme &&
    page.name === host.name &&
    (page.port ?? DEFAULT_PORT[scheme]) === (host.port ?? DEFAULT_PORT[scheme]);
  if (isSame) return null;
  const isBehindProxy = scheme === "http" && originScheme.toLowerCase() === "https" && page?.name === host.name;
  const remedy = isBehindProxy ? "; if a proxy in front of larder ends TLS, name it with --trusted-proxy" : "";
  return `a browser sent it for a page of ${quoteBriefly(origin)}, and only those of ${scheme}://${hostText} may${remedy}`;
}

/**
 * Why a request does not come from a page of larder's own for certain, whosever cookie it has; null when it does. A browser
 * sends cookies to any port of a host and for any page of a site, so what a cookie may change takes an `Origin`, which browsers
 * send with all but GET and HEAD; and a name that larder does not know may have been made to lead here for another's page.
 */
export function findUnsurePage(
  { method, headers }: Pick<Request, "method" | "headers">,
  scheme: "http" | "https",
  hosts: LarderHosts,
): string | null {
  const foreign = findForeignPage(headers, scheme, hosts);
  if (foreign !== null) return foreign;
  const hostText = headers.get("host") ?? "";
  const host = tryParseHost(hostText);
  if (host === null || !hosts.includes(host)) return `${quoteBriefly(hostText)} is none of larder's names`;
  const isRead = method === "GET" || method === "HEAD";
  return isRead || headers.get("origin") !== null
    ? null
    : "it has no Origin header, by which a browser says for whose page it asks";
}
