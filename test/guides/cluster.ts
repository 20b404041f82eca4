/** What most guides take for granted: a larder that runs, a node, and the internet behind both. */
import type { LabDaemon } from "../end-to-end/lab-daemon.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import type { NetworkLab } from "../end-to-end/network-lab.ts";
import { addGuideHost } from "./guide-host.ts";
import { GuideInternet } from "./guide-internet.ts";
import type { GuideLab } from "./guide-run.ts";
import { downloadLarder } from "./larder-release.ts";

const START_TIMEOUT_MS = 20_000;

export type Cluster = GuideLab & { readonly larder: LabHost; readonly node: LabHost; readonly internet: GuideInternet };

/** 192.0.2.1 is `larder`, 192.0.2.2 is `node`; larder is installed on the first and not started. */
export async function makeCluster(network: NetworkLab, ...images: readonly string[]): Promise<Cluster> {
  const larder = await addGuideHost(network, "larder");
  const node = await addGuideHost(network, "node");
  const internet = await GuideInternet.start(network);
  for (const host of [larder, node]) await internet.connect(host);
  await internet.publish(...images);
  await downloadLarder(network, larder);
  const actions = {
    "unplug the internet": () => internet.unplug(),
    "plug in the internet": () => internet.plugIn(),
  };
  // The snapshotter that works in every file system, which CRI's configuration has, too.
  return {
    larder,
    node,
    internet,
    hosts: { larder, node },
    actions,
    environment: { CONTAINERD_SNAPSHOTTER: "native" },
  };
}

/** Puts the larder that was downloaded in its place. */
export async function installLarder(host: LabHost): Promise<void> {
  await host.exec(["install", "-m", "755", `${host.folder}/home/larder-linux-x64`, "/usr/local/bin/larder"]);
}

/** Installs and starts the larder that a guide takes for granted, with its data in /var/lib/larder. */
export async function startLarder(host: LabHost, ...flags: readonly string[]): Promise<LabDaemon> {
  await installLarder(host);
  const larder = host.start(["larder", "serve", "--data", "/var/lib/larder", ...flags]);
  await larder.printed(/is ready/, START_TIMEOUT_MS);
  return larder;
}
