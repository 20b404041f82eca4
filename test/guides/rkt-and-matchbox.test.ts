import { makeCluster, installLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";
import { startServices } from "./lab-services.ts";

const KUBERNETES = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"];
const IMAGES = [
  "quay.io/coreos/hyperkube:v1.3.6_coreos.0",
  "quay.io/coreos/flannel:0.5.5",
  ...KUBERNETES.map((name) => `registry.k8s.io/${name}:v1.31.2`),
  "registry.k8s.io/coredns/coredns:v1.11.3",
  "registry.k8s.io/pause:3.10",
  "registry.k8s.io/etcd:3.5.15-0",
];
const NEEDS = [...INTERNET_NEEDS, "docker", "dockerd", "actool", "gpg", "gpg-agent"];

describeGuide("docs/guides/rkt-and-matchbox.md", NEEDS, async (network) => {
  const cluster = await makeCluster(network, ...IMAGES);
  await installLarder(cluster.larder);
  await startServices(cluster.larder, "docker");
  await startServices(cluster.node);
  return cluster;
});
