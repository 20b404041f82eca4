import { join } from "node:path";
import { buildImage } from "../end-to-end/image-factory.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { installLarder, makeCluster } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";

const IMAGES = ["docker.io/library/nginx:1.27", "quay.io/coreos/etcd:v3.5.15"];
const BACKUP = "/mnt/backup";

describeGuide("docs/guides/operations.md", INTERNET_NEEDS, async (network) => {
  const { larder, node: other, actions } = await makeCluster(network, ...IMAGES);
  await installLarder(larder);
  await other.exec(["cp", join(larder.folder, "home/larder-linux-x64"), "/usr/local/bin/larder"]);
  // A disk of its own, small enough to be filled.
  await larder.exec(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "larder-lab", "/srv"]);
  const folder = await network.makeFolder("apps");
  for (const name of ["myapp", "myapp2"]) {
    const { layout } = await buildImage(folder, { name });
    const archive = `docker-archive:${join(larder.folder, "home", `${name}.tar`)}:team/app:1`;
    await larder.exec(["skopeo", "copy", "--quiet", `oci:${layout}:image`, archive]);
  }
  const carry = () => outputOf(["cp", "-a", larder.outsidePath(BACKUP), other.outsidePath("/mnt")]);
  return { hosts: { larder, other }, actions: { ...actions, "carry the backup to the other machine": carry } };
});
