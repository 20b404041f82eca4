/**
 * CRI-O, Podman, Buildah and skopeo: all of them read containers/image's configuration.
 *
 * A mirror is told nothing of the upstream it stands for, so the upstream is part of the mirror's location.
 * Sources: containers-registries.conf(5), containers-certs.d(5), containers/image 5.29.
 */
import { isIPv4, isIPv6 } from "node:net";
import type { Namespace } from "../../oci/repository-name.ts";
import { ClientSettingsError } from "../client-settings-error.ts";
import type { ClientSettings } from "../client-settings.ts";
import { hostsFile } from "./hosts-file.ts";
import {
  type Condition,
  mergedFile,
  type NodeConfig,
  type NodeFile,
  ownFile,
  type ServiceAction,
} from "../node-config.ts";
import { tomlString } from "../quote.ts";
import { authorityOf, urlOf } from "../registry-address.ts";
import { spoofedStandIns, spoofingNotes } from "../upstream-names.ts";

/** Larder's drop-in. */
export const LARDER_REGISTRIES_CONF = "/etc/containers/registries.conf.d/50-larder.conf";
const CERTS = "/etc/containers/certs.d";
/** Podman, Buildah and skopeo read their files at each start; CRI-O when it is told to. */
const RELOAD: ServiceAction = { action: "reload", services: ["crio"] };

/** Variables and flags that have a service read other files than those of /etc/containers. */
const NO_OTHER_FILES: Condition = {
  kind: "forbids",
  files: [
    ...["/etc", "/run", "/usr/lib", "/lib"].flatMap((root) =>
      ["crio", "podman", "podman-auto-update"].flatMap((unit) => [
        `${root}/systemd/system/${unit}.service`,
        `${root}/systemd/system/${unit}.service.d/*.conf`,
      ]),
    ),
    ...["default", "sysconfig", "conf.d"].map((folder) => `/etc/${folder}/crio`),
    "/etc/environment",
  ],
  pattern: "^[ \\t]*([^#; \\t][^#]*)?(CONTAINERS?_REGISTRIES_CONF(_DIR|_OVERRIDE)?=|--registries-conf)",
  message:
    "this has other files read instead of those in /etc/containers (CONTAINERS_REGISTRIES_CONF and the like), so that larder's would not count: take it out, and join again",
};

/** The text of a registries.conf (or of a drop-in): version 2 of the format. Throws ClientSettingsError. */
export function registriesConf(settings: ClientSettings): string {
  const insecure = settings.registry.scheme === "http" ? ["insecure = true"] : [];
  if (settings.mode === "spoof") {
    return spoofedStandIns(settings)
      .map((standIn) => table("[[registry]]", [`location = ${tomlString(standIn)}`, ...insecure]))
      .join("\n");
  }
  if (isIPv6(settings.registry.host)) throw new ClientSettingsError(noIpv6(settings));
  const authority = authorityOf(settings.registry);
  const mirrors = nameableStandIns(settings).filter((standIn) => standIn !== authority);
  return [
    ...mirrors.map((standIn) => mirrored(standIn, `${authority}/${standIn}`, insecure, settings.fallback)),
    table("[[registry]]", [`location = ${tomlString(authority)}`, ...insecure]),
  ].join("\n");
}

/** registries.conf.d and certs.d. */
export function containersFiles(settings: ClientSettings): readonly NodeFile[] {
  const { ca } = settings;
  const conf = registriesConf(settings);
  // The folder's name is the reference's host, and the port as the reference has it.
  const hosts = settings.mode === "spoof" ? spoofedStandIns(settings) : [authorityOf(settings.registry)];
  return [
    // Spoofed names by HTTPS need no tables; but then a table of somebody else's would lead past larder.
    ...(conf === "" ? [] : [mergedFile(LARDER_REGISTRIES_CONF, conf, { kind: "registries" }, RELOAD)]),
    ...(ca === null ? [] : hosts.map((host) => ownFile(`${CERTS}/${host}/ca.crt`, ca, RELOAD))),
  ];
}

/** `larder client containers`, alias crio, podman, buildah, skopeo. */
export function writeContainers(settings: ClientSettings): NodeConfig {
  const spoofing = settings.mode === "spoof";
  return {
    files: [...containersFiles(settings), ...(spoofing ? [hostsFile(settings)] : [])],
    conditions: [NO_OTHER_FILES],
    notes: [
      "A $HOME/.config/containers/registries.conf of a user replaces the system's: it needs the same tables.",
      ...(settings.catchAll
        ? ["There is no mirror for all registries here: only the stand-in hosts are sent to larder."]
        : []),
      ...unnameableNotes(settings),
      ...(spoofing ? spoofingNotes(settings) : []),
    ],
  };
}

/** With such a mirror every pull of the registries that it stands for fails, in all versions (image 5.24 to 5.42). */
function noIpv6({ registry, addresses }: ClientSettings): string {
  const ipv4 = addresses.find(isIPv4);
  const port = /:\d+$/.exec(urlOf(registry))?.[0] ?? "";
  const byIpv4 = ipv4 === undefined ? "by an IPv4 address" : `by its IPv4 address, ${registry.scheme}://${ipv4}${port}`;
  return `Podman, CRI-O, Buildah and skopeo take no IPv6 address as the place of a mirror: with ${urlOf(registry)} they would pull nothing at all. Have them reach larder by a name (one in DNS, or a line "${registry.host} larder" in the node's /etc/hosts, then ${registry.scheme}://larder${port}), ${byIpv4}, or by the registries' own names (mode spoof)`;
}

/** Those that an image's name can begin with: an IPv6 address cannot. */
function nameableStandIns(settings: ClientSettings): readonly Namespace[] {
  return settings.standIns.filter((standIn) => !standIn.startsWith("["));
}

function unnameableNotes(settings: ClientSettings): readonly string[] {
  const others = settings.standIns.filter((standIn) => standIn.startsWith("["));
  if (others.length === 0 || settings.mode === "spoof") return [];
  return [`${others.join(", ")} is left out: these runtimes take no IPv6 address in an image's name.`];
}

/** With a fallback, larder is a mirror before the upstream; without, the upstream's location itself. */
function mirrored(upstream: string, location: string, insecure: readonly string[], fallback: boolean): string {
  if (!fallback) {
    return table("[[registry]]", [
      `prefix = ${tomlString(upstream)}`,
      `location = ${tomlString(location)}`,
      ...insecure,
    ]);
  }
  return (
    table("[[registry]]", [`location = ${tomlString(upstream)}`]) +
    table("[[registry.mirror]]", [`location = ${tomlString(location)}`, ...insecure])
  );
}

function table(header: string, lines: readonly string[]): string {
  return [header, ...lines, ""].join("\n");
}
