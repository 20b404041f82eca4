import type { ClientSettings } from "../client-settings.ts";
import { hostsFile } from "./hosts-file.ts";
import { type Merge, mergedFile, type NodeConfig, ownFile, type ServiceAction } from "../node-config.ts";
import { contactedHost, spoofedStandIns, spoofingNotes } from "../upstream-names.ts";
import { writeYaml } from "./write-yaml.ts";
import { authorityOf, urlOf } from "../registry-address.ts";

/** `larder client k3s`. */
export function writeK3s(settings: ClientSettings): NodeConfig {
  return rancherConfig(settings, "k3s", ["k3s", "k3s-agent"]);
}

/** `larder client rke2`. */
export function writeRke2(settings: ClientSettings): NodeConfig {
  return rancherConfig(settings, "rke2", ["rke2-server", "rke2-agent"]);
}

/** Both read registries.yaml at their start, and make containerd's hosts.toml files of it. */
function rancherConfig(settings: ClientSettings, product: "k3s" | "rke2", services: readonly string[]): NodeConfig {
  const folder = `/etc/rancher/${product}`;
  const restart: ServiceAction = { action: "restart", services };
  const caPath = settings.ca === null ? null : `${folder}/larder-ca.crt`;
  const spoofing = settings.mode === "spoof";
  // The upstream is tried last by default, and its error hides larder's.
  const merge: Merge = { kind: "rancher", isAlone: spoofing || !settings.fallback };
  const noFallback = writeYaml({ "disable-default-registry-endpoint": true });
  return {
    files: [
      ...(caPath === null || settings.ca === null ? [] : [ownFile(caPath, settings.ca, restart)]),
      { ...mergedFile(`${folder}/registries.yaml`, registriesYaml(settings, caPath), merge, restart), mode: 0o600 },
      ...(settings.fallback || spoofing
        ? []
        : [ownFile(`${folder}/config.yaml.d/50-larder.yaml`, noFallback, restart)]),
      ...(spoofing ? [hostsFile(settings)] : []),
    ],
    conditions: [],
    notes: spoofing ? spoofingNotes(settings) : [],
  };
}

/**
 * The text of registries.yaml, which k3s, RKE2 and k3d read. `caPath` is where the node has the CA; null when it needs
 * none. Source: docs.k3s.io, "Private Registry Configuration", at 1.33.
 */
export function registriesYaml(settings: ClientSettings, caPath: string | null): string {
  const { scheme } = settings.registry;
  const endpoints: readonly (readonly [string, string])[] =
    settings.mode === "spoof"
      ? spoofedStandIns(settings).map((standIn) => [standIn, `${scheme}://${contactedHost(standIn)}`])
      : [...settings.standIns, ...(settings.catchAll ? ["*"] : []), authorityOf(settings.registry)].map((name) => [
          name,
          urlOf(settings.registry),
        ]);
  const mirrors = Object.fromEntries(endpoints.map(([name, url]) => [name, { endpoint: [url] }]));
  if (caPath === null) return writeYaml({ mirrors });
  const hosts = [...new Set(endpoints.map(([, url]) => url.replace(/^https?:\/\//, "")))];
  const configs = Object.fromEntries(hosts.map((host) => [host, { tls: { ca_file: caPath } }]));
  return writeYaml({ mirrors, configs });
}
