import { join } from "node:path";
import type { ContainerClient } from "./container-client.ts";
import { digestsUnder, readDigest } from "./container-client.ts";
import type { LabHost } from "./lab-host.ts";

/** buildah on a host. Reads the settings of `writeContainersSettings`; vfs works in every file system. */
export function buildahOn(host: LabHost): ContainerClient {
  const storage = ["--root", join(host.folder, "buildah"), "--runroot", "/run/buildah-root", "--storage-driver", "vfs"];
  const buildah = (...argv: string[]) => host.exec(["buildah", ...storage, ...argv]);
  return {
    name: "buildah",
    async pull(image) {
      const id = await buildah("pull", "--quiet", image);
      const digest = await buildah("images", "--format", "{{.Digest}}", image);
      return { digest: readDigest(digest), configDigest: readDigest(id) };
    },
    async digestsOfFiles(image, paths) {
      const container = (await buildah("from", "--pull-never", image)).trim();
      const root = (await buildah("mount", container)).trim();
      const digests = await digestsUnder(host, root, paths);
      await buildah("rm", container);
      return digests;
    },
    async load(built, image) {
      const id = (await buildah("pull", "--quiet", `oci:${built.layout}:image`)).trim();
      await buildah("tag", id, image);
      return readDigest(id);
    },
    async push(image) {
      await buildah("push", "--quiet", image);
    },
    async forgetAll() {
      await buildah("rmi", "--all", "--force");
    },
  };
}
