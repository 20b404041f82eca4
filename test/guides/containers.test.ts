import { join } from "node:path";
import { buildImage } from "../end-to-end/image-factory.ts";
import { makeCluster, startLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";

const IMAGES = ["docker.io/library/nginx:1.27", "quay.io/coreos/etcd:v3.5.15"];

describeGuide("docs/guides/containers.md", [...INTERNET_NEEDS, "podman"], async (network) => {
  const cluster = await makeCluster(network, ...IMAGES);
  const { larder, node } = cluster;
  // vfs works in every file system.
  const storage = 'driver = "vfs"\nrunroot = "/run/containers"\ngraphroot = "/var/lib/containers/storage"\n';
  await node.writeFile("/etc/containers/storage.conf", `[storage]\n${storage}`);
  const { layout } = await buildImage(await network.makeFolder("myapp"), { name: "myapp" });
  const archive = `docker-archive:${join(larder.folder, "home/myapp.tar")}:team/app:1`;
  await larder.exec(["skopeo", "copy", "--quiet", `oci:${layout}:image`, archive]);
  await startLarder(larder);
  return cluster;
});
