import { findProcesses } from "./find-process.ts";
import type { NodeFiles } from "./node-files.ts";
import type { RuntimeSetup } from "./runtime-setup.ts";

/** Where scripts keep what it takes to undo them. */
const JOINED = "/var/lib/larder-client";
const STORAGE = "/var/lib/containers/storage";

/**
 * The runtimes that this machine uses, of those that have files here: daemons that run, and Podman and its like where they
 * keep images, and those that larder's script has set up.
 */
export async function findUsedRuntimes(
  setups: readonly RuntimeSetup[],
  files: NodeFiles,
): Promise<readonly RuntimeSetup[]> {
  const inUse = await Promise.all(setups.map(({ runtime }) => isUsed(runtime, files)));
  return setups.filter((_, index) => inUse[index] === true);
}

async function isUsed(runtime: string, files: NodeFiles): Promise<boolean> {
  if ((await files.list(`${JOINED}/${runtime}`).catch(() => [])).length > 0) return true;
  switch (runtime) {
    case "containerd":
      return (await containerds(files)).some(
        (config) => !/^(?:\/var)?\/run\/docker\/|^\/var\/lib\/rancher\//.test(config),
      );
    case "docker":
      return runs("dockerd", files);
    case "k3s":
    case "rke2":
      if ((await containerds(files)).some((config) => config.startsWith(`/var/lib/rancher/${runtime}/`))) return true;
      return (await runs(`${runtime}-server`, files)) || (await runs(`${runtime}-agent`, files));
    default:
      return (await runs("crio", files)) || hasImages(files);
  }
}

async function runs(name: string, files: NodeFiles): Promise<boolean> {
  return (await findProcesses(name, files)).length > 0;
}

/** The files that the containerds which run were given; empty for one that was given none. */
async function containerds(files: NodeFiles): Promise<readonly string[]> {
  const running = await findProcesses("containerd", files);
  return running.map(({ argv }) => argv.join(" ").match(/(?:^| )(?:--?config|-c)[= ](\S+)/)?.[1] ?? "");
}

async function hasImages(files: NodeFiles): Promise<boolean> {
  const folders = (await files.list(STORAGE).catch(() => [])).filter((name) => name.endsWith("-images"));
  const lists = await Promise.all(
    folders.map((folder) => files.read(`${STORAGE}/${folder}/images.json`).catch(() => null)),
  );
  return lists.some((text) => text !== null && text.includes('"id"'));
}
