import { makeCluster, startLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";

describeGuide("docs/guides/talos.md", INTERNET_NEEDS, async (network) => {
  const cluster = await makeCluster(network);
  await startLarder(cluster.larder);
  return cluster;
});
