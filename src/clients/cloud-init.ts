/**
 * cloud-init: the CA for the system's trust store, files for whatever runtime the image has, then a restart of those
 * that run. Drop-ins are written as they are; for the two files that an image may bring already, the fragment is put
 * beside and takes its place only if there is none. write_files and ca_certs come before runcmd.
 * Source: docs.cloud-init.io, "Module reference", at 25.1.
 */
import type { ClientSettings } from "./client-settings.ts";
import { containerdCerts, containerdConfig } from "./containerd.ts";
import { containersFiles } from "./containers.ts";
import { daemonJson, dockerCerts } from "./docker.ts";
import { type NodeConfig, ownFile } from "./node-config.ts";
import { shellQuote } from "./quote.ts";
import { hostsLines, spoofingNotes } from "./upstream-names.ts";
import { writeYaml } from "./write-yaml.ts";

type Fragment = { readonly path: string; readonly content: string; readonly target: string };

/** `larder client cloud-init`. */
export function writeCloudInit(settings: ClientSettings): NodeConfig {
  const files = [...containerdCerts(settings), ...containersFiles(settings), ...dockerCerts(settings)];
  const fragments = fragmentsOf(settings);
  const spoofing = settings.mode === "spoof";
  const config = {
    ...(settings.ca === null ? {} : { ca_certs: { trusted: [settings.ca] } }),
    write_files: [
      ...files.map(({ path, mode, content }) => ({ path, permissions: octal(mode), content })),
      ...fragments.map(({ path, content }) => ({ path, permissions: "0644", content })),
      ...(spoofing ? [{ path: "/etc/hosts", append: true, content: hostsLines(settings) }] : []),
    ],
    runcmd: [
      ...fragments.map(({ path, target }) => ["sh", "-c", installScript(path, target)]),
      ["sh", "-c", "for unit in containerd docker crio; do systemctl try-restart $unit || true; done"],
    ],
  };
  return {
    files: [ownFile("user-data", `#cloud-config\n${writeYaml(config)}`)],
    conditions: [],
    notes: [
      "An image that brings /etc/containerd/config.toml or /etc/docker/daemon.json keeps it; larder client containerd --script and docker --script merge.",
      ...(spoofing
        ? [
            "With manage_etc_hosts cloud-init writes /etc/hosts anew at each boot: leave it off.",
            ...spoofingNotes(settings),
          ]
        : []),
    ],
  };
}

function fragmentsOf(settings: ClientSettings): readonly Fragment[] {
  const keys = daemonJson(settings);
  return [
    { path: "/etc/containerd/config.toml.larder", content: containerdConfig(1), target: "/etc/containerd/config.toml" },
    ...(keys === null
      ? []
      : [{ path: "/etc/docker/daemon.json.larder", content: keys, target: "/etc/docker/daemon.json" }]),
  ];
}

function installScript(path: string, target: string): string {
  const [from, to] = [shellQuote(path), shellQuote(target)];
  return `if [ -e ${to} ]; then echo "larder: ${target} is there already and stays; merge ${path} into it"; else mv ${from} ${to}; fi`;
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}
