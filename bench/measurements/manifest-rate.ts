import { join } from "node:path";
import { alternate } from "../alternate.ts";
import { ACCEPT_MANIFESTS, makeImage, pushImage } from "../content.ts";
import { requestRate } from "../load/request-rate.ts";
import type { Measurement } from "../measurement.ts";
import { perSecond, type Row, times } from "../row.ts";
import { median } from "../stats.ts";

const CONNECTIONS = 32;
const LAYERS = 8;
const OVER_DOCKER_REGISTRY = 20;
const OF_NGINX = 0.8;

/** How many manifests a second are given out by tag; nginx gives out the same bytes as a file. */
export const manifestRate: Measurement = {
  name: "manifest-rate",
  async run({ larder, dockerRegistry, nginx, nginxRoot, programs, extent }) {
    const image = makeImage(1024, LAYERS);
    for (const registry of [larder, dockerRegistry]) await pushImage(registry.url, "bench/manifest", "latest", image);
    await Bun.write(join(nginxRoot, "manifest.json"), image.manifest.bytes);
    const ask = (url: string) => () =>
      requestRate(programs.wrk, {
        url,
        headers: { accept: ACCEPT_MANIFESTS },
        connections: CONNECTIONS,
        seconds: extent.rateSeconds,
      });
    const path = "/v2/bench/manifest/manifests/latest";
    const rates = await alternate(extent.rounds, {
      larder: ask(larder.url + path),
      dockerRegistry: ask(dockerRegistry.url + path),
      nginx: ask(`${nginx.url}/manifest.json`),
    });
    return rowsOf(median(rates.larder), median(rates.dockerRegistry), median(rates.nginx));
  },
};

function rowsOf(larder: number, dockerRegistry: number, nginx: number): Row[] {
  const what = `manifest by tag, ${CONNECTIONS} connections`;
  const overDockerRegistry = larder / dockerRegistry;
  const ofNginx = larder / nginx;
  return [
    {
      what,
      larder: perSecond(larder),
      beside: `docker-registry ${perSecond(dockerRegistry)}`,
      figure: `rate ${times(overDockerRegistry)}`,
      goal: `>= ${OVER_DOCKER_REGISTRY}x`,
      met: overDockerRegistry >= OVER_DOCKER_REGISTRY,
    },
    {
      what,
      larder: perSecond(larder),
      beside: `nginx ${perSecond(nginx)}`,
      figure: `rate ${times(ofNginx)}`,
      goal: `>= ${OF_NGINX}x`,
      met: ofNginx >= OF_NGINX,
    },
  ];
}
