/**
 * A fresh node, and what a person does on it to join larder: one line of curl and sh.
 *
 * Beyond the lab's own /etc, the node has a /var/lib and a /usr/local/share/ca-certificates of its own, since joining
 * writes there. There is no service manager in a lab: daemons are started after joining, where a script would have
 * restarted them.
 */
import { join } from "node:path";
import { findProgram } from "../debian-packages.ts";
import { buildahOn } from "./buildah.ts";
import type { ContainerClient } from "./container-client.ts";
import { runContainerd, writeContainerdConfiguration } from "./containerd.ts";
import { runDocker, writeDockerConfiguration } from "./docker.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import type { NetworkLab } from "./network-lab.ts";
import { CLIENT_NEEDS, type ClientName } from "./node-clients.ts";
import { podmanOn } from "./podman.ts";
import { skopeoOn } from "./skopeo.ts";

/** What a node that joins needs of the machine. */
export const JOINING_NEEDS = ["curl", "update-ca-certificates"] as const;

/** The clients that were started on a node, and their daemons. */
export type NodeClients = {
  readonly clients: ReadonlyMap<ClientName, ContainerClient>;
  readonly stop: () => Promise<void>;
};

/** Adds a node whose runtimes are configured, and know nothing of larder. */
export async function addFreshNode(lab: NetworkLab, name: string): Promise<LabHost> {
  const node = await lab.addHost(name);
  const [anchors, copy] = ["/usr/local/share/ca-certificates", join(node.folder, "anchors")];
  await node.exec(["sh", "-c", 'cp -a "$1" "$2" && mount --bind "$2" "$1"', "sh", anchors, copy]);
  await node.exec(["mount", "-t", "tmpfs", "-o", "mode=755", "larder-lab", "/var/lib"]);
  // What the machine's owner had there is not this node's.
  await node.exec(["rm", "-rf", "/etc/containerd", "/etc/docker", "/etc/containers/registries.conf.d"]);
  await node.writeFile("/etc/containers/policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}\n`);
  await writeContainerdConfiguration(node, null);
  await writeDockerConfiguration(node, {});
  return node;
}

/** Brings the node's trust store up to date with its folders of certificates. Takes seconds. */
export async function refreshTrust(node: LabHost): Promise<void> {
  await node.exec(["update-ca-certificates"]);
}

/** Starts every client that this machine has the programs of. */
export async function startNodeClients(node: LabHost): Promise<NodeClients> {
  const has = (name: ClientName) => CLIENT_NEEDS[name].every((program) => findProgram(program) !== null);
  const clients = new Map<ClientName, ContainerClient>([
    ["podman", podmanOn(node)],
    ["buildah", buildahOn(node)],
    ["skopeo", skopeoOn(node)],
  ]);
  const daemons: LabDaemon[] = [];
  if (has("ctr")) {
    const { daemon, ctr, cri } = await runContainerd(node);
    daemons.unshift(daemon);
    clients.set("ctr", ctr).set("cri", cri);
  }
  if (has("docker")) {
    const { daemon, docker } = await runDocker(node);
    daemons.unshift(daemon);
    clients.set("docker", docker);
  }
  return {
    clients,
    stop: async () => {
      for (const daemon of daemons) await daemon.stop();
    },
  };
}

/** Types `curl … URL | sh` on the node. Returns what the script said. */
export async function runScript(node: LabHost, curl: string, argument: "join" | "undo" = "join"): Promise<string> {
  const shell = argument === "join" ? "sh" : "sh -s undo";
  const result = await node.run([
    "sh",
    "-c",
    `set -e; text=$(curl -fsS ${curl}); printf '%s\\n' "$text" | ${shell} 2>&1`,
  ]);
  if (result.status !== 0)
    throw new Error(`${curl} | ${shell}: status ${result.status}\n${result.output}${result.errors}`);
  return result.output;
}

/** Everything below /etc: path, type, mode, owner, target of a link, and the SHA-256 of each file. */
export async function pictureOfEtc(node: LabHost): Promise<readonly string[]> {
  const script = `cd /etc; find . -printf '%p %y %m %U:%G %l\\n'; find . -type f -exec sha256sum {} +`;
  return (await node.exec(["sh", "-c", script])).split("\n").sort();
}
