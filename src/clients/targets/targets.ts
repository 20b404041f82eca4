import { writeBuildkit } from "./buildkit.ts";
import { writeButane } from "./butane.ts";
import type { ClientMode, ClientSettings } from "../client-settings.ts";
import { ClientSettingsError } from "../client-settings-error.ts";
import { writeCloudInit } from "./cloud-init.ts";
import { writeContainerd } from "./containerd.ts";
import { writeContainers } from "./containers.ts";
import { writeCoredns } from "./coredns.ts";
import { writeDnsmasq } from "./dnsmasq.ts";
import { writeDocker } from "./docker.ts";
import { writeDockerSystemd } from "./docker-systemd.ts";
import { writeHosts } from "./hosts-file.ts";
import { writeIgnition } from "./ignition.ts";
import { writeK3d } from "./k3d.ts";
import { writeK3s, writeRke2 } from "./k3s.ts";
import { writeKind } from "./kind.ts";
import { writeKubeadm } from "./kubeadm.ts";
import { writeMatchbox } from "./matchbox.ts";
import { writeMinikube } from "./minikube.ts";
import type { NodeConfig } from "../node-config.ts";
import { nearestWord } from "../../lib/text/nearest-word.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { writeTalos } from "./talos.ts";
import { writeTalosMachine } from "./talos-machine.ts";
import { writeTrust } from "./trust.ts";
import { whyHomeward } from "./why-homeward.ts";
import { writeXcluster } from "./xcluster.ts";

/** Something that node configuration can be written for. */
export type ClientTarget = {
  readonly name: string;
  readonly aliases: readonly string[];
  /** What it is, for a list: a few words. */
  readonly summary: string;
  /** The modes that it can do, the most usual first. */
  readonly modes: readonly ClientMode[];
  /** Where its files' paths begin: the root of a node, somebody's home folder, or a folder of the person's choice. */
  readonly base: "root" | "home" | "folder";
  /** Pure. Throws ClientSettingsError when the settings cannot serve this target. */
  readonly write: (settings: ClientSettings) => NodeConfig;
};

const ALL: readonly ClientMode[] = ["http", "https", "spoof"];
const MIRRORS: readonly ClientMode[] = ["http", "https"];
const NAMES: readonly ClientMode[] = ["spoof"];

const TARGETS: readonly ClientTarget[] = [
  target("containerd", "containerd 1.x and 2.x, nerdctl", ALL, "root", writeContainerd, ["nerdctl"]),
  target("containers", "CRI-O, Podman, Buildah, skopeo", ALL, "root", writeContainers, [
    "crio",
    "cri-o",
    "podman",
    "buildah",
    "skopeo",
  ]),
  target("docker", "Docker Engine, by daemon.json", ALL, "root", writeDocker),
  target(
    "docker-systemd",
    "Docker Engine, by the drop-in 40-insecure-registry.conf",
    MIRRORS,
    "root",
    writeDockerSystemd,
  ),
  target("buildkit", "BuildKit, docker buildx", ALL, "root", writeBuildkit, ["buildx"]),
  target("k3s", "k3s", ALL, "root", writeK3s),
  target("rke2", "RKE2", ALL, "root", writeRke2),
  target("kind", "kind, with the ConfigMap local-registry-hosting", MIRRORS, "folder", writeKind),
  target("k3d", "k3d", ALL, "folder", writeK3d),
  target("minikube", "minikube", MIRRORS, "home", writeMinikube),
  target("talos", "Talos Linux 1.12 and later", ALL, "folder", writeTalos),
  target("talos-machine", "Talos Linux before 1.12", ALL, "folder", writeTalosMachine),
  target("butane", "Butane for Flatcar", ALL, "folder", (settings) => writeButane(settings, "flatcar"), ["flatcar"]),
  target("butane-fcos", "Butane for Fedora CoreOS", ALL, "folder", (settings) => writeButane(settings, "fcos"), [
    "fcos",
  ]),
  target("ignition", "Ignition for Flatcar", ALL, "folder", (settings) => writeIgnition(settings, "flatcar")),
  target("ignition-fcos", "Ignition for Fedora CoreOS", ALL, "folder", (settings) => writeIgnition(settings, "fcos")),
  target("cloud-init", "cloud-init user data", ALL, "folder", writeCloudInit),
  target("matchbox", "matchbox: group metadata, profile, template", MIRRORS, "folder", writeMatchbox),
  target("kubeadm", "kubeadm ClusterConfiguration", MIRRORS, "folder", writeKubeadm),
  target("trust", "the CA in the system's trust store", ["https", "spoof"], "root", writeTrust, ["ca"]),
  target("hosts", "/etc/hosts", NAMES, "root", writeHosts),
  target("dnsmasq", "dnsmasq", NAMES, "root", writeDnsmasq),
  target("coredns", "CoreDNS", NAMES, "root", writeCoredns),
  target("xcluster", "xcluster's overlay private-reg", NAMES, "folder", writeXcluster),
];

/** All targets, in the order of a list. */
export function clientTargets(): readonly ClientTarget[] {
  return TARGETS;
}

/** The target of that name or alias, or null. */
export function findClientTarget(name: string): ClientTarget | null {
  return TARGETS.find((target) => target.name === name || target.aliases.includes(name)) ?? null;
}

/** The sentence for a name that is no target's. `list` is what lists them: a command or a URL. */
export function unknownTarget(name: string, list: string): string {
  const near = nearestWord(
    name,
    TARGETS.flatMap((known) => [known.name, ...known.aliases]),
  );
  const hint = near === null ? "" : `did you mean ${near}? `;
  return `there is no target ${quoteBriefly(name)}; ${hint}${list} lists them`;
}

/** The files of a target. Throws ClientSettingsError when it cannot do the settings' mode. */
export function clientConfig(target: ClientTarget, settings: ClientSettings): NodeConfig {
  if (!target.modes.includes(settings.mode)) {
    throw new ClientSettingsError(
      `${target.name} cannot do mode ${settings.mode}: use mode ${target.modes.join(" or ")}`,
    );
  }
  const config = target.write(settings);
  const note = whyHomeward(settings);
  return note === null ? config : { ...config, notes: [...config.notes, `${note}.`] };
}

function target(
  name: string,
  summary: string,
  modes: readonly ClientMode[],
  base: ClientTarget["base"],
  write: ClientTarget["write"],
  aliases: readonly string[] = [],
): ClientTarget {
  return { name, aliases, summary, modes, base, write };
}
