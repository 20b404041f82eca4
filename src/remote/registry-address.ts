/**
 * Where the registry is that a command was told to talk to, and how to speak to it.
 *
 * `--registry`, then `LARDER_REGISTRY`, then `LOCAL_REGISTRY`. An address that says `http://` or `https://` means just that. Without a scheme: port 80 is plain HTTP and port 443 TLS; localhost, a name without a
 * dot and private addresses are asked in plain HTTP first, because that is where insecure registries live; all others
 * are asked over TLS first, and in plain HTTP only if they do not speak TLS.
 */
import { quoteBriefly } from "../oci/digest.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { formatHostPort, type HostPort, tryParseHostPort } from "../lib/net/host-port.ts";

/** A registry as a person named it. */
export type RegistryAddress = {
  /** The host, with its port when one was given, as it stands in a URL and in an image's name: `[fd00::1]:5000`. */
  readonly host: string;
  /** The origins to try, best first, at least one: `http://localhost:5000`. Never a slash at the end. */
  readonly origins: readonly [string, ...string[]];
};

/**
 * The address of the registry that a command was told to talk to; null when it was told of none. `flag` is the value of
 * `--registry`, undefined without it; empty values count as not given. Throws a CommandFailure that names the variable
 * whose value is wrong.
 */
export function givenRegistryAddress(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): RegistryAddress | null {
  const candidates: readonly [string, string | undefined][] = [
    ["--registry", flag],
    ["LARDER_REGISTRY", environment["LARDER_REGISTRY"]],
    ["LOCAL_REGISTRY", environment["LOCAL_REGISTRY"]],
  ];
  const found = candidates.find(([, value]) => value !== undefined && value.trim() !== "");
  if (found === undefined) return null;
  const [source, text] = [found[0], found[1]?.trim() ?? ""];
  const address = tryParseRegistryAddress(text);
  if (address === null) {
    throw new CommandFailure(
      2,
      `${source}: ${quoteBriefly(text)} is not the address of a registry; write a host, host:port, or http(s)://host:port`,
    );
  }
  return address;
}

/**
 * Reads `host`, `host:port`, an IPv6 address with or without brackets, each with or without `http://` or `https://`
 * before it. Null when it is none of these.
 *
 * An IPv6 address without brackets may carry a port where no other reading is left: `::1:5000` and an address of eight
 * groups before the port. `fd00::1:5000` is an address as it stands, and is taken as one: write `[fd00::1]:5000`.
 */
export function tryParseRegistryAddress(text: string): RegistryAddress | null {
  const match = /^(?:(https?):\/\/)?([^/?#@\s]+)\/?$/i.exec(text);
  if (match === null) return null;
  const scheme = match[1]?.toLowerCase();
  const parts = readHostPort(match[2] ?? "");
  if (parts === null) return null;
  const { host: bare, port } = parts;
  const host = formatHostPort(bare, port);
  if (scheme !== undefined) return { host, origins: [`${scheme}://${host}`] };
  if (port === 443) return { host, origins: [`https://${host}`] };
  if (port === 80) return { host, origins: [`http://${host}`] };
  const [plain, secure] = [`http://${host}`, `https://${host}`];
  return { host, origins: isNearby(bare) ? [plain, secure] : [secure, plain] };
}

/** Is this host of the kind that insecure registries have: this machine, a private address, a name without a dot? */
function isNearby(name: string): boolean {
  if (name.includes(":")) return name === "::1" || /^(?:f[cd]|fe[89ab])[0-9a-f]{2}:/.test(name);
  if (!isIPv4(name)) return !name.includes(".") || name.endsWith(".localhost");
  const [a = 0, b = 0] = name.split(".").map(Number);
  return (
    a === 10 || a === 127 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
  );
}

/** The host in lower case, an IPv6 address in its one spelling, and the port. */
function readHostPort(text: string): HostPort | null {
  const parts = tryParseHostPort(text) ?? (text.startsWith("[") ? null : readBareIpv6(text));
  if (parts === null || parts.port === 0) return null;
  const host = parts.host.includes(":") ? tryNormalizeIpv6(parts.host) : tryNormalizeName(parts.host);
  return host === null ? null : { host, port: parts.port };
}

/** An address without brackets. */
function readBareIpv6(text: string): HostPort | null {
  const colon = text.lastIndexOf(":");
  const [address, port] = [text.slice(0, colon), text.slice(colon + 1)];
  // ::/96 holds no address in use but :: and ::1 (RFC 4291, 2.5.5.1), so a number behind ::1 is a port.
  const wholeIsAddress = isIPv6(text) && !(address === "::1" && /^\d+$/.test(port));
  return wholeIsAddress ? { host: text, port: null } : tryParseHostPort(`[${address}]:${port}`);
}

function tryNormalizeName(text: string): string | null {
  const name = text.toLowerCase();
  const valid = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/.test(name);
  // Digits and dots alone are an IPv4 address or nothing: 10.0.0 would reach a machine that nobody named.
  return valid && (!/^[\d.]+$/.test(name) || isIPv4(name)) ? name : null;
}

function tryNormalizeIpv6(address: string): string | null {
  // A zone (fe80::1%eth0) cannot stand in a URL.
  const url = isIPv6(address) ? URL.parse(`http://[${address}]`) : null;
  return url === null ? null : url.hostname.slice(1, -1);
}

// As in node:net, which takes longer to load than a whole question to a registry takes.

function isIPv4(text: string): boolean {
  const octets = text.split(".");
  return octets.length === 4 && octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255);
}

function isIPv6(text: string): boolean {
  return /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]`);
}
