import { makeCluster, startLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";
import { installGoProgram } from "./install-go-program.ts";
import { startServices } from "./lab-services.ts";

const IMAGES = ["docker.io/library/nginx:1.27", "registry.k8s.io/pause:3.6", "quay.io/coreos/etcd:v3.5.15"];
const NEEDS = [...INTERNET_NEEDS, "containerd", "ctr", "go:crictl"];

describeGuide("docs/guides/containerd.md", NEEDS, async (network) => {
  const cluster = await makeCluster(network, ...IMAGES);
  await installGoProgram(cluster.node, "crictl");
  await startServices(cluster.node, "containerd");
  await startLarder(cluster.larder);
  return cluster;
});
