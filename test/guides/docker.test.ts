import { makeCluster, startLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";
import { startServices } from "./lab-services.ts";

const IMAGES = ["docker.io/library/nginx:1.27", "quay.io/coreos/etcd:v3.5.15"];

describeGuide("docs/guides/docker.md", [...INTERNET_NEEDS, "docker", "dockerd"], async (network) => {
  const cluster = await makeCluster(network, ...IMAGES);
  await startServices(cluster.node, "docker");
  await startLarder(cluster.larder);
  return cluster;
});
