/**
 * `certs.d/HOST/hosts.toml`: which hosts a registry's images are asked from. Read by containerd, and by dockerd 28 and
 * later with the containerd image store. Source: containerd 2.1, docs/hosts.md.
 *
 * Every file has a `[host]` table: one with `server` alone is ignored by containerd 1.6 to 1.7. There is no
 * `skip_verify` beside `http://`: containerd 1.7.24 and later would try TLS first.
 *
 * The TOML reader of containerd 1.x takes no IPv6 address in a heading, and containerd 2.x takes hosts from headings
 * alone. Both read the file's own options, and with an empty `[host]` they ask `server` by them.
 */
import { isIP, isIPv6 } from "node:net";
import type { Namespace } from "../../oci/repository-name.ts";
import type { ClientSettings } from "../client-settings.ts";
import { type Merge, mergedFile, type NodeFile } from "../node-config.ts";
import { tomlString, tomlStrings } from "../quote.ts";
import { authorityOf, urlOf } from "../registry-address.ts";
import { contactedHost, spoofedStandIns } from "../upstream-names.ts";

/** Without it a larder whose packets are dropped costs 30 s at every request. Read by 2.1 and later, ignored before. */
const DIAL_TIMEOUT = 'dial_timeout = "2s"';

const MERGE: Merge = { kind: "hosts" };

const READ = ["pull", "resolve"];
const WRITE = ["pull", "resolve", "push"];

/** The files for all stand-ins below `folder`. `caPath` is where the node has the CA; null when it needs none. */
export function hostsTomlFiles(settings: ClientSettings, folder: string, caPath: string | null): readonly NodeFile[] {
  if (settings.mode === "spoof") {
    return spoofedStandIns(settings).map((standIn) => {
      const url = `${settings.registry.scheme}://${contactedHost(standIn)}`;
      return mergedFile(`${folder}/${standIn}/hosts.toml`, hostsToml(url, url, WRITE, caPath), MERGE);
    });
  }
  const url = urlOf(settings.registry);
  const names: string[] = settings.standIns.filter((standIn) => standIn !== authorityOf(settings.registry));
  const files = names.map((name) => {
    const server = settings.fallback ? upstreamUrl(name as Namespace) : url;
    return mergedFile(`${folder}/${name}/hosts.toml`, hostsToml(server, url, READ, caPath), MERGE);
  });
  if (!settings.catchAll) return files;
  // Without `server` the image's own registry is what comes last.
  return [
    ...files,
    mergedFile(`${folder}/_default/hosts.toml`, hostsToml(settings.fallback ? null : url, url, READ, caPath), MERGE),
  ];
}

/** The file for images that name larder itself. Not needed where its address is an upstream's. */
export function ownHostsTomlFile(settings: ClientSettings, folder: string, caPath: string | null): NodeFile {
  const url = urlOf(settings.registry);
  return mergedFile(
    `${folder}/${authorityOf(settings.registry)}/hosts.toml`,
    hostsToml(url, url, WRITE, caPath),
    MERGE,
  );
}

function hostsToml(
  server: string | null,
  host: string,
  capabilities: readonly string[],
  caPath: string | null,
): string {
  const options = [
    `capabilities = ${tomlStrings(capabilities)}`,
    ...(caPath === null ? [] : [`ca = ${tomlString(caPath)}`]),
    DIAL_TIMEOUT,
  ];
  if (host.includes("[")) return [`server = ${tomlString(host)}`, ...options, "", "[host]", ""].join("\n");
  return [
    ...(server === null ? [] : [`server = ${tomlString(server)}`, ""]),
    `[host.${tomlString(host)}]`,
    ...options.map((option) => `  ${option}`),
    "",
  ].join("\n");
}

/** A sentence on what IPv6 addresses cost, when there is one. */
export function hostsTomlNotes({ registry, mode, fallback }: ClientSettings): readonly string[] {
  if (!isIPv6(registry.host) || mode === "spoof" || !fallback) return [];
  return [
    "With an IPv6 address hosts.toml can name larder alone: without it, nothing is pulled. Give larder a name to have a fallback.",
  ];
}

/** The upstream's own address; null where the runtime knows better which scheme it speaks (a port, localhost). */
function upstreamUrl(standIn: Namespace): string | null {
  const isPlainName = standIn.includes(".") && !standIn.includes(":") && isIP(standIn) === 0;
  return isPlainName ? `https://${contactedHost(standIn)}` : null;
}
