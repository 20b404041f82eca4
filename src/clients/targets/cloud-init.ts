/**
 * cloud-init: the CA for the system's trust store, files for whatever runtime the image has, then a restart of those
 * that run. Drop-ins are written as they are. For daemon.json, which an image may bring already, the fragment is put
 * beside and takes its place only if there is none; containerd's config.toml is merged with on the machine, by a script,
 * since with no version larder is asked without config_path. write_files and ca_certs come before runcmd.
 * Source: docs.cloud-init.io, "Module reference", at 25.1.
 */
import type { ClientSettings } from "../client-settings.ts";
import { containerdCerts } from "./containerd.ts";
import { containersFiles } from "./containers.ts";
import { daemonJson, dockerCerts } from "./docker.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { shellQuote } from "../quote.ts";
import bootContainerd from "../script/boot-containerd.sh" with { type: "text" };
import mergeContainerd from "../script/merge-containerd.awk" with { type: "text" };
import { hostsLines, spoofingNotes } from "../upstream-names.ts";
import { writeYaml } from "./write-yaml.ts";

type Fragment = { readonly path: string; readonly content: string; readonly target: string };

const SCRIPTS = "/var/lib/larder-client/boot";

/** `larder client cloud-init`. */
export function writeCloudInit(settings: ClientSettings): NodeConfig {
  const files = [...containerdCerts(settings), ...containersFiles(settings), ...dockerCerts(settings)];
  const fragments = fragmentsOf(settings);
  const spoofing = settings.mode === "spoof";
  const config = {
    ...(settings.ca === null ? {} : { ca_certs: { trusted: [settings.ca] } }),
    write_files: [
      ...files.map(({ path, mode, content }) => ({ path, permissions: octal(mode), content })),
      { path: `${SCRIPTS}/merge-containerd.awk`, permissions: "0644", content: withoutComments(mergeContainerd) },
      { path: `${SCRIPTS}/containerd.sh`, permissions: "0644", content: bootContainerd },
      ...fragments.map(({ path, content }) => ({ path, permissions: "0644", content })),
      ...(spoofing ? [{ path: "/etc/hosts", append: true, content: hostsLines(settings) }] : []),
    ],
    runcmd: [
      ...fragments.map(({ path, target }) => ["sh", "-c", installScript(path, target)]),
      // The last command's status is that of all: 'cloud-init status' shows what failed.
      [
        "sh",
        "-c",
        `failed=0; sh ${SCRIPTS}/containerd.sh || failed=1; for unit in containerd docker crio; do systemctl try-restart $unit || failed=1; done; exit $failed`,
      ],
    ],
  };
  return {
    files: [ownFile("user-data", `#cloud-config\n${writeYaml(config)}`)],
    conditions: [],
    notes: [
      "An image that brings /etc/docker/daemon.json keeps it: larder client docker --script merges. containerd's config.toml is merged with; where that has no effect, cloud-init's status is an error, and its log says why.",
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
  const path = "/etc/docker/daemon.json";
  return keys === null ? [] : [{ path: `${path}.larder`, content: keys, target: path }];
}

/** Many clouds take 16 KiB of user data. */
function withoutComments(program: string): string {
  return program.replace(/^[ \t]*(#.*)?\n/gm, "");
}

function installScript(path: string, target: string): string {
  const [from, to] = [shellQuote(path), shellQuote(target)];
  return `if [ -e ${to} ]; then echo "larder: ${target} is there already and stays; merge ${path} into it"; else mv ${from} ${to}; fi`;
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}
