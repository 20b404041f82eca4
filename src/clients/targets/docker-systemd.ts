/**
 * Docker Engine, by a drop-in of its systemd unit: for systems whose unit passes `$DOCKER_OPTS` to dockerd, as those of
 * Container Linux, Flatcar and Debian do.
 */
import { ClientSettingsError } from "../client-settings-error.ts";
import type { ClientSettings } from "../client-settings.ts";
import { dockerCerts, dockerMirrors, dockerNotes, insecureRegistries } from "./docker.ts";
import { DOCKER_VARIABLES_FILES, UNIT_FOLDERS } from "../merge/docker-flags.ts";
import { type Condition, type NodeConfig, ownFile } from "../node-config.ts";
import { systemdQuote } from "../quote.ts";

/** The drop-in's name, which clusters of Container Linux have known for long. */
export const DOCKER_DROP_IN = "40-insecure-registry.conf";

const CONDITIONS: readonly Condition[] = [
  {
    kind: "forbids",
    files: ["/etc/docker/daemon.json"],
    pattern: '"(insecure-registries|registry-mirrors)"',
    message:
      "it has registry-mirrors or insecure-registries; dockerd does not start when flags say them, too: use the target docker",
  },
  {
    kind: "forbids",
    files: [...DOCKER_VARIABLES_FILES, ...UNIT_FOLDERS.map((folder) => `${folder}/docker.service.d/*.conf`)],
    pattern: "^[^#;]*DOCKER_OPTS *=",
    message:
      "it sets DOCKER_OPTS, and only one setting of it counts: add larder's there by hand, or use the target docker",
  },
  {
    kind: "requires",
    files: UNIT_FOLDERS.map((folder) => `${folder}/docker.service`),
    pattern: "[$][{]?DOCKER_OPTS",
    message: "docker.service does not pass $DOCKER_OPTS to dockerd here: use the target docker",
  },
];

/** The text of the drop-in, or null when dockerd needs no flags. */
export function dockerDropIn(settings: ClientSettings): string | null {
  const flags = [
    ...insecureRegistries(settings).map((registry) => `--insecure-registry=${registry}`),
    ...dockerMirrors(settings).map((mirror) => `--registry-mirror=${mirror}`),
  ];
  return flags.length === 0 ? null : dropInOf(flags.join(" "));
}

/** A drop-in that gives dockerd these flags. */
export function dropInOf(flags: string): string {
  return `[Service]\nEnvironment=${systemdQuote(`DOCKER_OPTS=${flags}`)}\n`;
}

/** `larder client docker-systemd`. */
export function writeDockerSystemd(settings: ClientSettings): NodeConfig {
  const dropIn = dockerDropIn(settings);
  if (dropIn === null) {
    throw new ClientSettingsError("dockerd needs no flags for these stand-in hosts: use the target docker");
  }
  const path = `/etc/systemd/system/docker.service.d/${DOCKER_DROP_IN}`;
  return {
    files: [ownFile(path, dropIn, { action: "restart", services: ["docker"] }), ...dockerCerts(settings)],
    conditions: CONDITIONS,
    notes: dockerNotes(settings),
  };
}
