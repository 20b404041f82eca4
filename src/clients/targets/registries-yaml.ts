/** registries.yaml of k3s, RKE2 and k3d. Source: docs.k3s.io, "Private Registry Configuration", at 1.33. */
import type { ClientSettings } from "../client-settings.ts";
import { authorityOf, urlOf } from "../registry-address.ts";
import { contactedHost, spoofedStandIns } from "../upstream-names.ts";
import { writeYaml } from "./write-yaml.ts";

/** The file's text. `caPath` is where the node has the CA; null when it needs none. */
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
