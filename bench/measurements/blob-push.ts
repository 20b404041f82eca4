import { alternate } from "../alternate.ts";
import { type Cost, costOf } from "../cost.ts";
import type { Lab } from "../lab.ts";
import { push, type PushWay } from "../load/push.ts";
import type { Measurement } from "../measurement.ts";
import { mebibytes, type Row, seconds, times } from "../row.ts";
import type { ServerProcess } from "../server-process.ts";
import { medianOf } from "../stats.ts";

/** A large blob pushed, in both of the ways that clients push. */
export const blobPush: Measurement = {
  name: "blob-push",
  run: async (lab) => [...(await measure(lab, "put")), ...(await measure(lab, "patch"))],
};

async function measure(lab: Lab, way: PushWay): Promise<Row[]> {
  const bytes = lab.extent.layerBytes;
  const send = (server: ServerProcess) => async () => {
    await lab.settle();
    const job = { registry: server.url, repository: "bench/push", blobs: 1, bytes, connections: 1, way };
    return costOf(server, () => push(job));
  };
  const costs = await alternate(lab.extent.rounds, {
    larder: send(lab.larder),
    dockerRegistry: send(lab.dockerRegistry),
  });
  const row = (name: string, figure: (cost: Cost) => number): Row => {
    const [mine, theirs] = [medianOf(costs.larder, figure), medianOf(costs.dockerRegistry, figure)];
    return {
      what: `push of ${mebibytes(bytes)}, ${way === "put" ? "POST and PUT" : "POST, PATCH and PUT"}`,
      larder: seconds(mine),
      beside: `docker-registry ${seconds(theirs)}`,
      figure: `${name} ${times(mine / theirs)}`,
      goal: "< 1x",
      met: mine < theirs,
    };
  };
  return [row("wall", ({ wallMs }) => wallMs / 1000), row("CPU", ({ cpuSeconds }) => cpuSeconds)];
}
