import * as ipaddr from "ipaddr.js";

/**
 * Ranges of addresses that only this machine or this link answers at. A registry on the internet has no reason to send
 * larder there, and much to gain: `metadata` are the addresses where clouds hand out a machine's own credentials.
 */
export type GuardedRange = "loopback" | "link-local" | "unspecified" | "multicast" | "metadata";

/** AWS's over IPv6, Alibaba Cloud's, Oracle Cloud's; the common 169.254.169.254 is link-local as it is. */
const METADATA = new Set(["fd00:ec2::254", "100.100.100.200", "192.0.0.192"]);

/**
 * The guarded range that an address is in, null when it is in none. An IPv4 address inside an IPv6 one (mapped,
 * NAT64, 6to4) counts as what it leads to. Throws when `address` is not an IP address.
 */
export function guardedRangeOf(address: string): GuardedRange | null {
  const parsed = ipaddr.parse(address.replace(/%.*$/, ""));
  const ip = parsed.kind() === "ipv6" ? innerAddress(parsed as ipaddr.IPv6) : parsed;
  if (METADATA.has(ip.toString())) return "metadata";
  switch (ip.range()) {
    case "loopback":
      return "loopback";
    case "linkLocal":
      return "link-local";
    case "unspecified":
      return "unspecified";
    case "multicast":
    case "broadcast":
      return "multicast";
    default:
      return null;
  }
}

/** The IPv4 address that packets to `ip` end up at, or `ip` itself. */
function innerAddress(ip: ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  const bytes = ip.toByteArray();
  const last = (): ipaddr.IPv4 => new ipaddr.IPv4(bytes.slice(12));
  switch (ip.range()) {
    case "ipv4Mapped":
    case "rfc6052":
    case "rfc6145":
      return last();
    case "6to4":
      return new ipaddr.IPv4(bytes.slice(2, 6));
    default:
      // The old IPv4-compatible form, ::127.0.0.1; below ::1:0 lie only :: and ::1.
      return bytes.slice(0, 12).every((byte) => byte === 0) && bytes.slice(12, 14).some((byte) => byte !== 0)
        ? last()
        : ip;
  }
}
