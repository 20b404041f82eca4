import { isIP } from "node:net";
import { hostname } from "node:os";
import type { ServedHosts } from "../registry/names/locate.ts";
import { standInsOf } from "./open-upstreams.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";
import { MachineAddresses } from "../lib/net/machine-addresses.ts";

/**
 * Tells the hosts that this larder stands in for, and the names and addresses that are its own.
 *
 * An address of this machine is larder's own unless a registry is configured there. `localhost` and addresses without
 * a stand-in belong to whoever asks.
 */
export function servedHostsOf(settings: CurrentSettings, now: () => number): ServedHosts {
  const known = settings.derive((told) => new Set<string>(standInsOf(told)));
  const own = settings.derive(
    ({ names, addresses }) =>
      new Set(["localhost", hostname().toLowerCase(), ...[...names, ...addresses].map((name) => name.toLowerCase())]),
  );
  const machine = new MachineAddresses(now);
  return {
    standsInFor: (namespace) => known().has(namespace),
    isOwn: (namespace) => {
      if (known().has(namespace)) return false;
      const host = hostWithoutPort(namespace);
      return own().has(namespace) || own().has(host) || (isIP(host) !== 0 && machine.includesText(host));
    },
  };
}
