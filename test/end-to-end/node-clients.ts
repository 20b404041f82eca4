import { findProgram } from "../debian-packages.ts";
import { buildahOn } from "./buildah.ts";
import type { ContainerClient, RegistrySettings } from "./container-client.ts";
import { startContainerd, writeContainerdSettings } from "./containerd.ts";
import { writeContainersSettings } from "./containers-settings.ts";
import { startDocker } from "./docker.ts";
import type { LabHost } from "./lab-host.ts";
import { podmanOn } from "./podman.ts";
import { skopeoOn } from "./skopeo.ts";

/** Every client that the tests drive, and the programs that it takes. */
export const CLIENT_NEEDS = {
  podman: ["podman"],
  buildah: ["buildah"],
  skopeo: ["skopeo"],
  ctr: ["containerd", "ctr"],
  cri: ["containerd", "ctr"],
  docker: ["dockerd", "docker", "skopeo"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ClientName = keyof typeof CLIENT_NEEDS;
export const CLIENT_NAMES = Object.keys(CLIENT_NEEDS) as ClientName[];

/** The same registries as podman's family and as the daemons write them: only the latter take IPv6 addresses. */
export type NodeSettings = { readonly containers: RegistrySettings; readonly daemons: RegistrySettings };

/** Puts all clients on a host that this machine has programs for. Asking for another one throws. */
export async function startClients(
  host: LabHost,
  settings: NodeSettings,
): Promise<(name: ClientName) => ContainerClient> {
  const has = (name: ClientName) => CLIENT_NEEDS[name].every((program) => findProgram(program) !== null);
  await writeContainersSettings(host, settings.containers);
  await writeContainerdSettings(host, settings.daemons);
  const clients = new Map<ClientName, ContainerClient>([
    ["podman", podmanOn(host)],
    ["buildah", buildahOn(host)],
    ["skopeo", skopeoOn(host)],
  ]);
  if (has("ctr")) {
    const { ctr, cri } = await startContainerd(host);
    clients.set("ctr", ctr).set("cri", cri);
  }
  if (has("docker")) clients.set("docker", (await startDocker(host, settings.daemons)).docker);
  return (name) => {
    const client = clients.get(name);
    if (client === undefined || !has(name)) throw new Error(`this machine has no ${name}`);
    return client;
  };
}
