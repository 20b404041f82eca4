/**
 * Docker Engine, by daemon.json. `registry-mirrors` is for docker.io alone; with the containerd image store dockerd 28
 * and later reads certs.d/HOST/hosts.toml, too, so that every upstream can be mirrored. The classic store does not.
 *
 * dockerd does not start when a flag and a key of daemon.json say the same thing, so flags are looked for: docker-flags.ts.
 * Source: docs.docker.com, "dockerd" (daemon configuration file, reloading) at 28.
 */
import { DOCKER_HUB } from "../../oci/repository-name.ts";
import type { ClientSettings } from "../client-settings.ts";
import { hostsFile } from "./hosts-file.ts";
import { hostsTomlFiles } from "./hosts-toml.ts";
import {
  mergedFile,
  type NodeConfig,
  type NodeFile,
  ownFile,
  type ServiceAction,
  trustAnchor,
} from "../node-config.ts";
import { authorityOf, urlOf } from "../registry-address.ts";
import { contactedHost, spoofedStandIns, spoofingNotes } from "../upstream-names.ts";

/** Where dockerd's configuration is. */
export const DAEMON_JSON = "/etc/docker/daemon.json";
const CERTS = "/etc/docker/certs.d";
/** Both keys that larder sets are reread on reload, with no container disturbed (seen with 20.10). */
const RELOAD: ServiceAction = { action: "reload", services: ["docker"] };
/** The system's trust store is read at the start only. */
const RESTART: ServiceAction = { action: "restart", services: ["docker"] };

/** The registries that dockerd may speak plain HTTP to. */
export function insecureRegistries(settings: ClientSettings): readonly string[] {
  if (settings.registry.scheme === "https") return [];
  return settings.mode === "spoof" ? spoofedStandIns(settings).map(contactedHost) : [authorityOf(settings.registry)];
}

/** The mirrors of docker.io. */
export function dockerMirrors(settings: ClientSettings): readonly string[] {
  const mirrorsHub = settings.catchAll || settings.standIns.includes(DOCKER_HUB);
  return settings.mode !== "spoof" && mirrorsHub ? [urlOf(settings.registry)] : [];
}

/** The keys of daemon.json, or null when it needs none. */
export function daemonJson(settings: ClientSettings): string | null {
  const mirrors = dockerMirrors(settings);
  const insecure = insecureRegistries(settings);
  if (mirrors.length + insecure.length === 0) return null;
  const value = {
    ...(mirrors.length === 0 ? {} : { "registry-mirrors": mirrors }),
    ...(insecure.length === 0 ? {} : { "insecure-registries": insecure }),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** /etc/docker/certs.d: the CA for images that name larder, and hosts.toml for the upstreams. */
export function dockerCerts(settings: ClientSettings): readonly NodeFile[] {
  if (settings.mode === "spoof") return [];
  const caPath = settings.ca === null ? null : `${CERTS}/${authorityOf(settings.registry)}/ca.crt`;
  return [
    ...(caPath === null || settings.ca === null ? [] : [ownFile(caPath, settings.ca)]),
    ...hostsTomlFiles(settings, CERTS, caPath),
  ];
}

/** `larder client docker`. */
export function writeDocker(settings: ClientSettings): NodeConfig {
  const keys = daemonJson(settings);
  const spoofing = settings.mode === "spoof";
  return {
    files: [
      ...(keys === null ? [] : [mergedFile(DAEMON_JSON, keys, { kind: "daemon" }, RELOAD)]),
      ...dockerCerts(settings),
      ...(spoofing ? [hostsFile(settings)] : []),
      ...(spoofing && settings.ca !== null ? [trustAnchor(settings.ca, RESTART)] : []),
    ],
    conditions: [],
    notes: dockerNotes(settings),
  };
}

/** What Docker cannot do, in words. */
export function dockerNotes(settings: ClientSettings): readonly string[] {
  if (settings.mode === "spoof") {
    const plain = settings.registry.scheme === "http" && settings.standIns.includes(DOCKER_HUB);
    return [
      ...(plain
        ? [
            "With Docker's classic image store docker.io itself cannot be spoofed over plain HTTP: use mode http, or HTTPS.",
          ]
        : []),
      ...spoofingNotes(settings),
    ];
  }
  return [
    "Docker's classic image store mirrors docker.io alone; with the containerd image store (Engine 28 and later) all stand-in hosts are mirrored.",
    ...(settings.fallback
      ? []
      : ["Docker goes to docker.io itself when no mirror answers; that cannot be turned off."]),
    ...(settings.ca === null
      ? []
      : ["With the containerd image store the CA has to be in the system's trust store, too: larder client trust."]),
  ];
}
