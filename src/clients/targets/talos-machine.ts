/** Talos Linux before 1.12: a patch of the machine configuration. Source: talos.dev, "v1alpha1", at Talos 1.11. */
import type { ClientSettings } from "../client-settings.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { talosMirrors } from "./talos.ts";
import { spoofedNames, spoofingNotes } from "../upstream-names.ts";
import { writeYaml } from "./write-yaml.ts";

/** `larder client talos-machine`. */
export function writeTalosMachine(settings: ClientSettings): NodeConfig {
  const spoofing = settings.mode === "spoof";
  const mirrors = talosMirrors(settings);
  const skipFallback = settings.fallback && !spoofing ? {} : { skipFallback: true };
  const hosts = [...new Set(mirrors.map((mirror) => mirror.url.replace(/^https?:\/\//, "")))];
  const ca = settings.ca === null ? null : Buffer.from(settings.ca).toString("base64");
  const machine = {
    registries: {
      mirrors: Object.fromEntries(mirrors.map(({ name, url }) => [name, { endpoints: [url], ...skipFallback }])),
      ...(ca === null ? {} : { config: Object.fromEntries(hosts.map((host) => [host, { tls: { ca } }])) }),
    },
    ...(spoofing
      ? { network: { extraHostEntries: settings.addresses.map((ip) => ({ ip, aliases: spoofedNames(settings) })) } }
      : {}),
  };
  return {
    files: [ownFile("larder-talos-machine.yaml", writeYaml({ machine }))],
    conditions: [],
    notes: [
      "For a running node: talosctl patch machineconfig --patch @larder-talos-machine.yaml",
      ...(spoofing ? spoofingNotes(settings) : []),
    ],
  };
}
