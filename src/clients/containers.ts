/**
 * CRI-O, Podman, Buildah and skopeo: all of them read containers/image's configuration.
 *
 * A mirror is told nothing of the upstream it stands for, so the upstream is part of the mirror's location.
 * Sources: containers-registries.conf(5), containers-certs.d(5), containers/image 5.29.
 */
import { isIPv6 } from "node:net";
import type { ClientSettings } from "./client-settings.ts";
import { hostsFile } from "./hosts-file.ts";
import { type NodeConfig, type NodeFile, ownFile, type ServiceAction } from "./node-config.ts";
import { tomlString } from "./quote.ts";
import { authorityOf } from "./registry-address.ts";
import { spoofedStandIns, spoofingNotes } from "./upstream-names.ts";

const CERTS = "/etc/containers/certs.d";
/** Podman, Buildah and skopeo read their files at each start; CRI-O when it is told to. */
const RELOAD: ServiceAction = { action: "reload", services: ["crio"] };

/** The text of a registries.conf (or of a drop-in): version 2 of the format. */
export function registriesConf(settings: ClientSettings): string {
  const insecure = settings.registry.scheme === "http" ? ["insecure = true"] : [];
  if (settings.mode === "spoof") {
    return spoofedStandIns(settings)
      .map((standIn) => table("[[registry]]", [`location = ${tomlString(standIn)}`, ...insecure]))
      .join("\n");
  }
  const authority = authorityOf(settings.registry);
  const mirrors = settings.standIns.filter((standIn) => standIn !== authority);
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
  const hasConf = conf !== "" && !(settings.mode === "spoof" && settings.registry.scheme === "https");
  return [
    ...(hasConf ? [ownFile("/etc/containers/registries.conf.d/50-larder.conf", conf, RELOAD)] : []),
    ...(ca === null ? [] : hosts.map((host) => ownFile(`${CERTS}/${host}/ca.crt`, ca, RELOAD))),
  ];
}

/** `larder client containers`, alias crio, podman, buildah, skopeo. */
export function writeContainers(settings: ClientSettings): NodeConfig {
  const spoofing = settings.mode === "spoof";
  return {
    files: [...containersFiles(settings), ...(spoofing ? [hostsFile(settings)] : [])],
    conditions: [],
    notes: [
      "A $HOME/.config/containers/registries.conf of a user replaces the system's: it needs the same tables.",
      ...(settings.catchAll
        ? ["There is no mirror for all registries here: only the stand-in hosts are sent to larder."]
        : []),
      ...(isIPv6(settings.registry.host)
        ? ["Older Podman, Buildah and skopeo cannot read IPv6 addresses in image names: give larder a name."]
        : []),
      ...(spoofing ? spoofingNotes(settings) : []),
    ],
  };
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
