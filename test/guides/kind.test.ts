import { join } from "node:path";
import { makeCluster, startLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";

describeGuide("docs/guides/kind.md", INTERNET_NEEDS, async (network) => {
  const cluster = await makeCluster(network, "docker.io/library/nginx:1.27");
  await cluster.larder.writeFile(join(cluster.larder.folder, "home/deploy/images.txt"), "nginx:1.27\n");
  await startLarder(cluster.larder);
  return cluster;
});
