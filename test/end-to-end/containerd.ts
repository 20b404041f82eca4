import { join } from "node:path";
import type { Digest } from "../../src/oci/digest.ts";
import type { ContainerClient, HeldImage, RegistrySettings } from "./container-client.ts";
import { digestsUnder, readDigest } from "./container-client.ts";
import { pullByCri } from "./cri.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { platformManifest } from "./platform-manifest.ts";

const CERTS_FOLDER = "/etc/containerd/certs.d";
export const SOCKET = "/run/containerd/containerd.sock";
const START_TIMEOUT_MS = 30_000;

/** A containerd and the two ways to use it: `ctr`, and CRI's PullImage as the kubelet calls it. */
export type Containerd = { readonly daemon: LabDaemon; readonly ctr: ContainerClient; readonly cri: ContainerClient };

/** Starts containerd on a host, to be told of registries by `writeContainerdSettings`. */
export async function startContainerd(host: LabHost): Promise<Containerd> {
  await writeContainerdConfiguration(host, CERTS_FOLDER);
  return runContainerd(host);
}

/**
 * Writes a configuration that keeps state under the host's folder; the native snapshotter works in every file system.
 * Without `certsFolder` it says nothing of registries.
 */
export function writeContainerdConfiguration(host: LabHost, certsFolder: string | null): Promise<void> {
  return host.writeFile("/etc/containerd/config.toml", configuration(join(host.folder, "containerd"), certsFolder));
}

/** Starts containerd with the configuration that is there. */
export async function runContainerd(host: LabHost): Promise<Containerd> {
  const daemon = host.start(["containerd"]);
  const isReady = async () => (await host.run(["ctr", "version"])).status === 0;
  await daemon.until(isReady, START_TIMEOUT_MS);
  const ctr = ctrOn(host, "default");
  // What CRI pulled is looked at by ctr, in the namespace that CRI uses.
  const look = ctrOn(host, "k8s.io");
  const cri: ContainerClient = {
    ...look,
    name: "containerd by CRI",
    async pull(image) {
      const configDigest = await pullByCri(host.outsidePath(SOCKET), image);
      return { digest: (await look.held(image)).digest, configDigest };
    },
  };
  return { daemon, ctr, cri };
}

/**
 * Tells containerd about registries: one `hosts.toml` for each, read at every pull. The hosts are inline tables, since
 * the TOML reader of containerd 1.6 takes no IPv6 address in the heading of a table.
 */
export async function writeContainerdSettings(host: LabHost, settings: RegistrySettings): Promise<void> {
  const write = (registry: string, server: string, capabilities: string) =>
    host.writeFile(
      join(CERTS_FOLDER, registry, "hosts.toml"),
      `server = "http://${server}"\n[host]\n"http://${server}" = { capabilities = [${capabilities}] }\n`,
    );
  for (const registry of settings.plainHttp) {
    // containerd asks docker.io's images of this host.
    const contacted = registry === "docker.io" ? "registry-1.docker.io" : registry;
    await write(registry, contacted, '"pull", "resolve", "push"');
  }
  for (const [upstream, mirror] of Object.entries(settings.mirrors)) await write(upstream, mirror, '"pull", "resolve"');
}

function ctrOn(host: LabHost, namespace: string): ContainerClient & { held(image: string): Promise<HeldImage> } {
  const ctr = (...argv: string[]) => host.exec(["ctr", "--namespace", namespace, ...argv]);
  const content = async (digest: Digest) => Buffer.from(await ctr("content", "get", digest));
  const held = async (image: string): Promise<HeldImage> => {
    const row = (await ctr("images", "ls", `name==${image}`)).split("\n")[1] ?? "";
    const digest = readDigest(/sha256:[0-9a-f]{64}/.exec(row)?.[0] ?? "");
    return { digest, configDigest: (await platformManifest(digest, content)).config.digest };
  };
  return {
    name: "containerd by ctr",
    held,
    async pull(image) {
      await ctr("images", "pull", "--hosts-dir", CERTS_FOLDER, "--snapshotter", "native", image);
      return held(image);
    },
    async digestsOfFiles(image, paths) {
      const root = join(host.folder, "tmp", crypto.randomUUID());
      await host.exec(["mkdir", root]);
      await ctr("images", "mount", "--snapshotter", "native", image, root);
      const digests = await digestsUnder(host, root, paths);
      await ctr("images", "unmount", "--rm", root);
      return digests;
    },
    async load(built, image) {
      const archive = join(host.folder, "tmp", `${crypto.randomUUID()}.tar`);
      await host.exec(["tar", "-C", built.layout, "-cf", archive, "."]);
      await ctr("images", "import", "--all-platforms", "--snapshotter", "native", "--base-name", "loaded", archive);
      await ctr("images", "tag", "--force", "loaded:image", image);
      await ctr("images", "rm", "loaded:image");
      return built.configDigest;
    },
    async push(image) {
      await ctr("images", "push", "--hosts-dir", CERTS_FOLDER, image);
    },
    async forgetAll() {
      const names = (await ctr("images", "ls", "--quiet")).split("\n").filter((name) => name !== "");
      if (names.length > 0) await ctr("images", "rm", "--sync", ...names);
    },
  };
}

function configuration(root: string, certsFolder: string | null): string {
  return `
version = 2
root = "${root}"
state = "/run/containerd"
[grpc]
  address = "${SOCKET}"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
${certsFolder === null ? "" : `[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${certsFolder}"\n`}`;
}
