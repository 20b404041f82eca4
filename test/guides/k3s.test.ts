import { makeCluster, startLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";

const IMAGES = ["docker.io/rancher/mirrored-pause:3.6", "docker.io/rancher/mirrored-coredns-coredns:1.12.1"];

describeGuide("docs/guides/k3s.md", INTERNET_NEEDS, async (network) => {
  const cluster = await makeCluster(network, ...IMAGES);
  await startLarder(cluster.larder);
  return cluster;
});
