import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import type { ServedHosts } from "../registry/names/locate.ts";
import { standInsOf } from "./open-upstreams.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";

const ADDRESSES_FOR_MS = 2000;

/**
 * Who this larder is: the namespaces that it stands in for, and the names and addresses that are its own.
 *
 * An address of this machine is larder's own unless a registry is configured there. `localhost` and addresses without
 * a stand-in belong to whoever asks.
 */
export function servedHostsOf(
  settings: CurrentSettings,
  now: () => number,
  machineAddresses: () => readonly string[] = readAddresses,
): ServedHosts {
  const known = settings.derive((told) => new Set<string>(standInsOf(told)));
  const own = settings.derive(
    ({ names, addresses }) =>
      new Set(["localhost", hostname().toLowerCase(), ...[...names, ...addresses].map((name) => name.toLowerCase())]),
  );
  let addresses = new Set<string>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  const isMachineAddress = (address: string) => {
    if (address.startsWith("127.") || address === "::1") return true;
    if (now() - readAtMs > ADDRESSES_FOR_MS) {
      addresses = new Set(machineAddresses());
      readAtMs = now();
    }
    return addresses.has(address);
  };
  return {
    standsInFor: (namespace) => known().has(namespace),
    isOwn: (namespace) => {
      if (known().has(namespace)) return false;
      const host = hostWithoutPort(namespace);
      return own().has(namespace) || own().has(host) || (isIP(host) !== 0 && isMachineAddress(host));
    },
  };
}

function readAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address.toLowerCase()));
}
