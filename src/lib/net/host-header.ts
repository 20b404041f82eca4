import { tryParseHostPort } from "./host-port.ts";
import { type IpAddress, tryParseIpAddress } from "./ip-address.ts";

/** What a `Host` header says, or the rest of an `Origin`. */
export type NamedHost = {
  /** In lower case, without brackets and without the dot that may end a name; an address in its one spelling. */
  readonly name: string;
  /** The name, where it is an address. */
  readonly address: IpAddress | null;
  /** Null where none is named: the one that the scheme implies. */
  readonly port: number | null;
};

/** Reads `registry.lan`, `Registry.LAN.:5000`, `10.0.0.5:5000`, `[fd00::5]:5000`. Null when it is nothing of the kind. */
export function tryParseHost(text: string): NamedHost | null {
  const parts = tryParseHostPort(text);
  if (parts === null) return null;
  const { host, port } = parts;
  const address = tryParseIpAddress(host);
  const name = address?.toString() ?? host.toLowerCase().replace(/\.$/, "");
  return name === "" || (address === null && name.includes(":")) ? null : { name, address, port };
}
