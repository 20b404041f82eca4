/**
 * dnsmasq. `address=` answers the families that it is given and sends all other questions upstream, where the real
 * address is; `local=` keeps AAAA and HTTPS questions here. Both count for all names below, too. Source: dnsmasq(8) 2.90.
 */
import type { ClientSettings } from "../client-settings.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { spoofedNames, spoofingNotes } from "../upstream-names.ts";

/** `larder client dnsmasq`. */
export function writeDnsmasq(settings: ClientSettings): NodeConfig {
  const lines = topNames(spoofedNames(settings)).flatMap((name) => [
    ...settings.addresses.map((address) => `address=/${name}/${address}`),
    `local=/${name}/`,
  ]);
  const restart = { action: "restart", services: ["dnsmasq"] } as const;
  return {
    files: [ownFile("/etc/dnsmasq.d/larder.conf", `${lines.join("\n")}\n`, restart)],
    conditions: [],
    notes: [
      "Names below the stand-in hosts lead to larder, too (cdn.quay.io with quay.io).",
      "larder must not ask this dnsmasq for its upstreams: give it --resolver.",
      ...spoofingNotes(settings),
    ],
  };
}

/** Without the names that lie below another. */
function topNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => !names.some((other) => name.endsWith(`.${other}`)));
}
