import * as ipaddr from "ipaddr.js";
import { hostOf, portOf } from "./address-policy.ts";
import { tryParseHostPort } from "../../lib/net/host-port.ts";

/** The HTTP proxy to go through to `url`: `http://proxy.corp.example:3128`; null: straight there. */
export type ChooseProxy = (url: URL) => string | null;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in upper or lower case, as container tools do: `NO_PROXY` lists
 * hosts (their subdomains included), addresses, networks (`10.0.0.0/8`), any with a port, or `*`. This machine is never
 * asked by way of a proxy. Source: golang.org/x/net/http/httpproxy, `Config`.
 */
export function proxyFromEnvironment(environment: Environment): ChooseProxy {
  const read = (name: string): string => environment[name] || environment[name.toLowerCase()] || "";
  const proxies: Readonly<Record<string, string>> = { "https:": read("HTTPS_PROXY"), "http:": read("HTTP_PROXY") };
  const exceptions = read("NO_PROXY")
    .split(/[\s,]+/)
    .filter((entry) => entry !== "");
  return (url) => {
    const proxy = proxies[url.protocol] ?? "";
    if (proxy === "" || isThisMachine(hostOf(url)) || exceptions.some((entry) => covers(entry, url))) return null;
    return proxy.includes("://") ? proxy : `http://${proxy}`;
  };
}

function isThisMachine(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback";
}

function covers(entry: string, url: URL): boolean {
  if (entry === "*") return true;
  const host = hostOf(url);
  if (ipaddr.isValidCIDR(entry)) return ipaddr.isValid(host) && isInside(host, entry);
  const { host: name, port } = tryParseHostPort(entry) ?? { host: entry, port: null };
  if (port !== null && port !== portOf(url)) return false;
  const bare = name.toLowerCase();
  const domain = bare.replace(/^\*?\./, "");
  // With a dot in front, subdomains alone; without one, the host as well.
  return host.endsWith(`.${domain}`) || (bare === domain && host === domain);
}

function isInside(host: string, network: string): boolean {
  const [address, range] = [ipaddr.process(host), ipaddr.parseCIDR(network)];
  return address.kind() === range[0].kind() && address.match(range);
}
