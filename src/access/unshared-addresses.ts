import { interfaceAddresses } from "../lib/net/machine-addresses.ts";

/**
 * The addresses that are this machine's alone. Not so the one that slirp4netns gives to a container of Podman's without
 * root (`tap0`, 10.0.2.100): whoever comes in by a published port seems to come from it.
 *
 * Source: podman-run(1), "--network slirp4netns:port_handler=rootlesskit".
 */
export function unsharedAddresses(addresses = interfaceAddresses()): readonly string[] {
  return addresses
    .filter(({ interfaceName, address }) => !(interfaceName === "tap0" && address.startsWith("10.0.2.")))
    .map(({ address }) => address);
}
