/**
 * Talos Linux 1.12 and later: documents of the machine configuration.
 * Source: docs.siderolabs.com, "Configuration", at Talos 1.12.
 */
import type { ClientSettings } from "../client-settings.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { authorityOf, urlOf } from "../registry-address.ts";
import { contactedHost, spoofedNames, spoofedStandIns, spoofingNotes } from "../upstream-names.ts";
import { writeYaml } from "./write-yaml.ts";

/** A registry's name in Talos (`*` is all others) and the address that its images are asked from. */
export type TalosMirror = { readonly name: string; readonly url: string };

/** `larder client talos`. */
export function writeTalos(settings: ClientSettings): NodeConfig {
  const spoofing = settings.mode === "spoof";
  const mirrors = talosMirrors(settings).map((mirror) => ({
    apiVersion: "v1alpha1",
    kind: "RegistryMirrorConfig",
    name: mirror.name,
    endpoints: [{ url: mirror.url }],
    ...(settings.fallback && !spoofing ? {} : { skipFallback: true }),
  }));
  const hosts = spoofing
    ? settings.addresses.map((name) => ({
        apiVersion: "v1alpha1",
        kind: "StaticHostConfig",
        name,
        hostnames: spoofedNames(settings),
      }))
    : [];
  const documents = [...mirrors, ...caDocuments(settings), ...hosts];
  return {
    files: [ownFile("larder-talos.yaml", documents.map(writeYaml).join("---\n"))],
    conditions: [],
    notes: [
      "For a running node: talosctl patch machineconfig --patch @larder-talos.yaml",
      "For a new cluster: talosctl gen config --config-patch @larder-talos.yaml …",
      "Talos before 1.12 has no such documents: larder client talos-machine.",
      ...(spoofing ? spoofingNotes(settings) : []),
    ],
  };
}

/** The mirrors of a mode. */
export function talosMirrors(settings: ClientSettings): readonly TalosMirror[] {
  if (settings.mode === "spoof") {
    const { scheme } = settings.registry;
    return spoofedStandIns(settings).map((name) => ({ name, url: `${scheme}://${contactedHost(name)}` }));
  }
  const names = new Set<string>([
    ...settings.standIns,
    ...(settings.catchAll ? ["*"] : []),
    authorityOf(settings.registry),
  ]);
  return [...names].map((name) => ({ name, url: urlOf(settings.registry) }));
}

/** For the address that larder is asked at; spoofed names are as many as upstreams, so the system trusts the CA. */
function caDocuments(settings: ClientSettings): readonly object[] {
  const { ca } = settings;
  if (ca === null) return [];
  return settings.mode === "spoof"
    ? [{ apiVersion: "v1alpha1", kind: "TrustedRootsConfig", name: "larder", certificates: ca }]
    : [{ apiVersion: "v1alpha1", kind: "RegistryTLSConfig", name: authorityOf(settings.registry), ca }];
}
