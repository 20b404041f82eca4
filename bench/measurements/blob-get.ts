import { join } from "node:path";
import { alternate } from "../alternate.ts";
import { makeImage, pushImage } from "../content.ts";
import { type Cost, costOf } from "../cost.ts";
import { pull } from "../load/pull.ts";
import type { Measurement } from "../measurement.ts";
import { mebibytes, type Row, seconds, times } from "../row.ts";
import type { ServerProcess } from "../server-process.ts";
import { medianOf } from "../stats.ts";

/** In each round; one alone is too short for the kernel's clock of processor time. */
const PULLS = 4;
const CPU_OF_NGINX = 1.15;

/** A large blob from disk: what a byte costs. */
export const blobGet: Measurement = {
  name: "blob-get",
  async run({ larder, dockerRegistry, nginx, nginxRoot, extent }) {
    const image = makeImage(extent.layerBytes);
    for (const registry of [larder, dockerRegistry]) await pushImage(registry.url, "bench/get", "latest", image);
    const [layer] = image.layers;
    if (layer === undefined) throw new Error("the image has no layer");
    await Bun.write(join(nginxRoot, "layer"), layer.bytes);
    const bytes = layer.bytes.byteLength;
    const get = (server: ServerProcess, path: string) => () =>
      costOf(server, () => pull(server.url + path, bytes, { repeat: PULLS }));
    const path = `/v2/bench/get/blobs/${layer.digest}`;
    const costs = await alternate(extent.rounds, {
      larder: get(larder, path),
      dockerRegistry: get(dockerRegistry, path),
      nginx: get(nginx, "/layer"),
    });
    const gibibytes = (bytes * PULLS) / 2 ** 30;
    const row = (beside: string, other: readonly Cost[], limit: number | null): Row => {
      const cpu = (of: readonly Cost[]) => medianOf(of, ({ cpuSeconds }) => cpuSeconds / gibibytes);
      const wall = (of: readonly Cost[]) => medianOf(of, ({ wallMs }) => wallMs / 1000 / gibibytes);
      const show = (of: readonly Cost[]) => `${seconds(wall(of))}, CPU ${seconds(cpu(of))}`;
      const ratio = cpu(costs.larder) / cpu(other);
      return {
        what: `blob of ${mebibytes(bytes)} from disk, by GiB`,
        larder: show(costs.larder),
        beside: `${beside} ${show(other)}`,
        figure: `CPU ${times(ratio)}`,
        goal: limit === null ? "" : `<= ${limit}x`,
        met: limit === null ? null : ratio <= limit,
      };
    };
    return [row("nginx", costs.nginx, CPU_OF_NGINX), row("docker-registry", costs.dockerRegistry, null)];
  },
};
