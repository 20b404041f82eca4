import { alternate } from "../alternate.ts";
import { type Cost, costOf } from "../cost.ts";
import type { Lab } from "../lab.ts";
import { push } from "../load/push.ts";
import type { Measurement } from "../measurement.ts";
import { type Row, seconds, times } from "../row.ts";
import type { ServerProcess } from "../server-process.ts";
import { medianOf } from "../stats.ts";

const BLOBS = 200;
const BYTES = 4096;

/** Many small blobs, which cost the disk more than the network. */
export const smallBlobs: Measurement = {
  name: "small-blobs",
  run: async (lab) => [...(await measure(lab, 1)), ...(await measure(lab, 8))],
};

async function measure(lab: Lab, connections: number): Promise<Row[]> {
  const send = (server: ServerProcess) => async () => {
    await lab.settle();
    const what = { registry: server.url, repository: "bench/small", blobs: BLOBS, bytes: BYTES };
    return costOf(server, () => push({ ...what, connections, way: "put" }));
  };
  const costs = await alternate(lab.extent.rounds, {
    larder: send(lab.larder),
    dockerRegistry: send(lab.dockerRegistry),
  });
  const wall = (of: readonly Cost[]) => medianOf(of, ({ wallMs }) => wallMs / 1000);
  const cpu = (of: readonly Cost[]) => medianOf(of, ({ cpuSeconds }) => cpuSeconds);
  const show = (of: readonly Cost[]) => `${seconds(wall(of))}, CPU ${seconds(cpu(of))}`;
  const ratio = wall(costs.larder) / wall(costs.dockerRegistry);
  return [
    {
      what: `push of ${BLOBS} blobs of ${BYTES / 1024} KiB, ${connections === 1 ? "one by one" : `${connections} at once`}`,
      larder: show(costs.larder),
      beside: `docker-registry ${show(costs.dockerRegistry)}`,
      figure: `wall ${times(ratio)}`,
      goal: "< 1x",
      met: ratio < 1,
    },
  ];
}
