import { join } from "node:path";
import type { ContainerClient, RegistrySettings } from "./container-client.ts";
import { readDigest } from "./container-client.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";

const START_TIMEOUT_MS = 45_000;

/** A Docker daemon and its client. */
export type Docker = { readonly daemon: LabDaemon; readonly docker: ContainerClient };

/** Starts Docker on a host. It reads settings when it starts, and takes mirrors for docker.io alone. */
export async function startDocker(host: LabHost, settings: RegistrySettings): Promise<Docker> {
  const mirror = settings.mirrors["docker.io"];
  await writeDockerConfiguration(host, {
    "insecure-registries": [...settings.plainHttp, ...(mirror === undefined ? [] : [mirror])],
    "registry-mirrors": mirror === undefined ? [] : [`http://${mirror}`],
  });
  return runDocker(host);
}

/** Writes a configuration that keeps state under the host's folder; vfs works in every file system. */
export function writeDockerConfiguration(host: LabHost, registries: Readonly<Record<string, readonly string[]>>) {
  const configuration = {
    "data-root": join(host.folder, "docker"),
    "exec-root": "/run/docker",
    "storage-driver": "vfs",
    bridge: "none",
    iptables: false,
    ip6tables: false,
    ...registries,
  };
  return host.writeFile("/etc/docker/daemon.json", JSON.stringify(configuration));
}

/** Starts Docker with the configuration that is there. It uses the host's containerd when one runs, else one of its own. */
export async function runDocker(host: LabHost, ...flags: string[]): Promise<Docker> {
  const daemon = host.start(["dockerd", ...flags]);
  await daemon.until(async () => (await host.run(["docker", "version"])).status === 0, START_TIMEOUT_MS);
  return { daemon, docker: dockerOn(host) };
}

function dockerOn(host: LabHost): ContainerClient {
  const docker = (...argv: string[]) => host.exec(["docker", ...argv]);
  const inspect = async (image: string, format: string) =>
    readDigest(await docker("image", "inspect", "--format", format, image));
  return {
    name: "Docker",
    async pull(image) {
      await docker("pull", "--quiet", image);
      const digests = JSON.parse(
        await docker("image", "inspect", "--format", "{{json .RepoDigests}}", image),
      ) as string[];
      const digest = digests[0]?.split("@")[1] ?? "";
      return { digest: readDigest(digest), configDigest: await inspect(image, "{{.Id}}") };
    },
    async digestsOfFiles(image, paths) {
      const container = (await docker("create", image)).trim();
      const digests = [];
      for (const path of paths) {
        const copy = await host.exec(["sh", "-c", 'docker cp "$1:$2" - | tar -xO | sha256sum', "sh", container, path]);
        digests.push(readDigest(copy.slice(0, 64)));
      }
      await docker("rm", container);
      return digests;
    },
    async load(built, image) {
      const archive = join(host.folder, "tmp", `${crypto.randomUUID()}.tar`);
      await host.exec(["skopeo", "copy", "--quiet", `oci:${built.layout}:image`, `docker-archive:${archive}:${image}`]);
      await docker("load", "--quiet", "--input", archive);
      return inspect(image, "{{.Id}}");
    },
    async push(image) {
      await docker("push", "--quiet", image);
    },
    async forgetAll() {
      await docker("system", "prune", "--all", "--force");
    },
  };
}
