import { makeCluster } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";
import { installGoProgram } from "./install-go-program.ts";
import { startServices } from "./lab-services.ts";

const IMAGES = ["docker.io/library/nginx:1.27", "quay.io/prometheus/busybox:latest", "registry.k8s.io/pause:3.6"];
const NEEDS = [...INTERNET_NEEDS, "containerd", "ctr", "runc", "go:crictl"];

describeGuide("docs/guides/ten-minutes.md", NEEDS, async (network) => {
  const cluster = await makeCluster(network, ...IMAGES);
  await installGoProgram(cluster.node, "crictl");
  await startServices(cluster.node, "containerd");
  return cluster;
});
