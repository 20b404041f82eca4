import { isInside, type IpNetwork } from "../lib/net/ip-network.ts";
import { tryParseHost } from "../lib/net/host-header.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import type { Arrival } from "./principal.ts";
import { forwardedHost, forwardedScheme } from "./proxy-headers.ts";

/**
 * The scheme and host by which a client reached larder, as `https://registry.lan:5000`: what it can reach again. Null where
 * that cannot be told. A trusted proxy's word on the host counts; its word on the scheme counts from anyone who says that it
 * is https: a proxy that ends TLS may be one that larder was not told of, and a client that lies harms itself alone.
 */
export function clientOrigin(headers: Headers, arrival: Arrival, trusted: readonly IpNetwork[]): string | null {
  const address = tryParseIpAddress(arrival.remote?.address ?? "");
  const isProxy = address !== null && isInside(address, trusted);
  const told = forwardedScheme(headers);
  const scheme = isProxy ? (told ?? arrival.scheme) : told === "https" ? told : arrival.scheme;
  const host = (isProxy ? forwardedHost(headers) : null) ?? headers.get("host") ?? "";
  return tryParseHost(host) === null || !/^[\w.:[\]-]+$/.test(host) ? null : `${scheme}://${host}`;
}
