import ipaddr from "ipaddr.js";

/** An IP address in one spelling: IPv4 that came in IPv6 clothes is IPv4, and a zone (`%eth0`) is gone. */
export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Reads an address as sockets, headers and people spell it: in brackets or not, with a zone or not, in any case, mapped
 * into IPv6 or not. Null when it is none; text with a port is none.
 */
export function tryParseIpAddress(text: string): IpAddress | null {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  const zone = bare.indexOf("%");
  const address = zone < 0 ? bare : bare.slice(0, zone);
  // The library takes `::127.0.0.1` for `::ffff:127.0.0.1`. They are two addresses, and a neighbour may have the first.
  const exact = address.replace(/^::(?=\d+\.)/, "::0:");
  return ipaddr.isValid(exact) ? ipaddr.process(exact) : null;
}

/** Is it an address that means something on one link alone, so that a neighbour on another may have the same? */
export function isLinkLocal(address: IpAddress): boolean {
  return address.range() === "linkLocal";
}

/** An address as people write it: an IPv4 client of an IPv6 socket is `10.0.0.9`, not `::ffff:10.0.0.9`. */
export function plainAddress(text: string): string {
  return text.startsWith("::ffff:") && text.includes(".") ? text.slice("::ffff:".length) : text;
}
