import { type IpAddress, tryParseIpAddress } from "./ip-address.ts";

/** A network: its first `bits` bits are those of `base`. */
export type IpNetwork = { readonly base: IpAddress; readonly bits: number };

/** Bits of an IPv6 address before the IPv4 address that it maps. */
const MAPPED_BITS = 96;

/** Reads `10.0.0.0/8`, `fd00::/8`, or one address. Null when it is none. */
export function tryParseIpNetwork(text: string): IpNetwork | null {
  const [addressText = "", bitsText, ...rest] = text.split("/");
  const base = tryParseIpAddress(addressText);
  if (base === null || rest.length > 0 || addressText.includes("%")) return null;
  const longest = base.kind() === "ipv4" ? 32 : 128;
  if (bitsText === undefined) return { base, bits: longest };
  if (!/^\d{1,3}$/.test(bitsText)) return null;
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
  const isMapped = base.kind() === "ipv4" && addressText.includes(":");
  const bits = Number(bitsText) - (isMapped ? MAPPED_BITS : 0);
  return bits >= 0 && bits <= longest ? { base, bits } : null;
}

/** Is the address in one of the networks? */
export function isInside(address: IpAddress, networks: readonly IpNetwork[]): boolean {
  return networks.some(({ base, bits }) => base.kind() === address.kind() && address.match(base, bits));
}

/** As `tryParseIpNetwork` reads it; one address without its bits. */
export function formatIpNetwork({ base, bits }: IpNetwork): string {
  const isOne = bits === (base.kind() === "ipv4" ? 32 : 128);
  return isOne ? base.toString() : `${base.toString()}/${bits}`;
}
