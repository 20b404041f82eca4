import { isIPv4, isIPv6 } from "node:net";
import { quoteBriefly } from "../oci/digest.ts";
import { ClientSettingsError } from "./client-settings-error.ts";
import { DEFAULT_PORT, formatHostPort, tryParseHostPort } from "../lib/net/host-port.ts";

/** Where larder answers. `host` is a name or an address in lower case, an IPv6 address without brackets. */
export type RegistryAddress = {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
};

const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** Reads `http://HOST[:PORT]` or `https://HOST[:PORT]`, with nothing behind it but a slash. Throws ClientSettingsError. */
export function parseRegistryAddress(text: string): RegistryAddress {
  const [, written, authority = ""] = /^(https?):\/\/([^/]+)\/?$/i.exec(text) ?? [];
  const scheme = written?.toLowerCase() === "https" ? "https" : "http";
  const { host: name, port } = tryParseHostPort(authority) ?? { host: "", port: null };
  const host = tryNormalizeHost(name);
  if (host === null || port === 0) {
    throw new ClientSettingsError(
      `the registry address ${quoteBriefly(text)} is not valid: write http://HOST:PORT or https://HOST:PORT, an IPv6 address in brackets`,
    );
  }
  return { scheme, host, port: port ?? DEFAULT_PORT[scheme] };
}

/** Does the scheme imply the port, as spoofing needs it? */
export function hasDefaultPort(registry: RegistryAddress): boolean {
  return registry.port === DEFAULT_PORT[registry.scheme];
}

/** `HOST` or `HOST:PORT` as an image's name begins with it: without a port that the scheme implies. */
export function authorityOf(registry: RegistryAddress): string {
  return formatHostPort(registry.host, hasDefaultPort(registry) ? null : registry.port);
}

/** `http://HOST:PORT`, without a slash at the end, and without a port that the scheme implies. */
export function urlOf(registry: RegistryAddress): string {
  return `${registry.scheme}://${authorityOf(registry)}`;
}

/** Is this the machine that the name or address is used on, whichever that is? */
export function isLoopbackHost(host: string): boolean {
  return (
    host === "localhost" || host.endsWith(".localhost") || host === "::1" || (isIPv4(host) && host.startsWith("127."))
  );
}

function tryNormalizeHost(text: string): string | null {
  const lower = text.toLowerCase();
  if (lower.includes(":")) {
    // A zone (fe80::1%eth0) means nothing on another machine. URL knows the one form of an address, and forbids some
    // that isIPv6 takes.
    const url = isIPv6(lower) && !lower.includes("%") ? URL.parse(`http://[${lower}]`) : null;
    return url === null ? null : url.hostname.slice(1, -1);
  }
  if (isIPv4(lower)) return lower;
  // Digits and dots alone are an IPv4 address or nothing.
  return lower.length <= 253 && NAME.test(lower) && !/^[\d.]+$/.test(lower) ? lower : null;
}
