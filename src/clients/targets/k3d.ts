/** k3d's configuration file. Source: k3d.io, "Config File", k3d.io/v1alpha5 (5.8). */
import type { ClientSettings } from "../client-settings.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { registriesYaml } from "./k3s.ts";
import { spoofedNames, spoofingNotes } from "../upstream-names.ts";
import { writeYaml } from "./write-yaml.ts";

const CA_IN_NODE = "/etc/rancher/k3s/larder-ca.crt";

/** `larder client k3d`. */
export function writeK3d(settings: ClientSettings): NodeConfig {
  const caPath = settings.ca === null ? null : CA_IN_NODE;
  const spoofing = settings.mode === "spoof";
  const config = {
    apiVersion: "k3d.io/v1alpha5",
    kind: "Simple",
    registries: { config: registriesYaml(settings, caPath) },
    // k3d puts variables of the environment into this file before it reads it; a mount needs an absolute path.
    ...(caPath === null ? {} : { volumes: [{ volume: `\${PWD}/larder-ca.crt:${caPath}`, nodeFilters: ["all"] }] }),
    ...(spoofing ? { hostAliases: settings.addresses.map((ip) => ({ ip, hostnames: spoofedNames(settings) })) } : {}),
    ...(settings.fallback || spoofing
      ? {}
      : { options: { k3s: { extraArgs: [{ arg: "--disable-default-registry-endpoint", nodeFilters: ["all"] }] } } }),
  };
  return {
    files: [
      ownFile("k3d.yaml", writeYaml(config)),
      ...(settings.ca === null ? [] : [ownFile("larder-ca.crt", settings.ca)]),
    ],
    conditions: [],
    notes: [
      "In the folder of these files: k3d cluster create --config k3d.yaml",
      ...(spoofing ? spoofingNotes(settings) : []),
    ],
  };
}
