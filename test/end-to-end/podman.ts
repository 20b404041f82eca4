import { join } from "node:path";
import type { ContainerClient } from "./container-client.ts";
import { digestsUnder, readDigest } from "./container-client.ts";
import type { LabHost } from "./lab-host.ts";

/** Runs podman on a host with state of the host's own; vfs works in every file system. */
export function runPodman(host: LabHost, ...argv: readonly string[]): Promise<string> {
  const state = ["--root", join(host.folder, "podman"), "--runroot", "/run/podman-root", "--tmpdir", "/run/podman"];
  const means = ["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none"];
  return host.exec(["podman", ...state, ...means, ...argv]);
}

/** podman on a host. Reads the settings of `writeContainersSettings`. */
export function podmanOn(host: LabHost): ContainerClient {
  const podman = (...argv: readonly string[]) => runPodman(host, ...argv);
  return {
    name: "podman",
    async pull(image) {
      const id = await podman("pull", "--quiet", image);
      const digest = await podman("image", "inspect", "--format", "{{.Digest}}", image);
      return { digest: readDigest(digest), configDigest: readDigest(id) };
    },
    async digestsOfFiles(image, paths) {
      const root = (await podman("image", "mount", image)).trim();
      return digestsUnder(host, root, paths);
    },
    async load(built, image) {
      const id = (await podman("pull", "--quiet", `oci:${built.layout}:image`)).trim();
      await podman("tag", id, image);
      return readDigest(id);
    },
    async push(image) {
      await podman("push", "--quiet", image);
    },
    async forgetAll() {
      await podman("image", "unmount", "--all", "--force");
      await podman("rmi", "--all", "--force");
    },
  };
}
