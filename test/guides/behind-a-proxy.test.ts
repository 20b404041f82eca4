import { installLarder, makeCluster } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";
import { startServices } from "./lab-services.ts";

const NEEDS = [...INTERNET_NEEDS, "docker", "dockerd", "nginx", "haproxy"];

describeGuide("docs/guides/behind-a-proxy.md", NEEDS, async (network) => {
  const cluster = await makeCluster(network, "docker.io/library/nginx:1.27");
  const { larder, node, actions } = cluster;
  await installLarder(larder);
  for (const host of [larder, node]) await host.setHostsFile({ "registry.example": [larder.ipv4] });
  // What the packages of Debian make.
  await larder.exec(["mkdir", "-p", "/var/lib/nginx", "/var/log/nginx", "/var/lib/haproxy"]);
  await startServices(larder);
  await startServices(node, "docker");
  const copy = async () =>
    node.writeFile("/etc/docker/certs.d/registry.example/ca.crt", await larder.readFile("/etc/ssl/registry.crt"));
  return { ...cluster, actions: { ...actions, "copy the certificate to the node": copy } };
});
