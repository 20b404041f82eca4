import { join } from "node:path";
import { alternate } from "../alternate.ts";
import { outputOf } from "../command.ts";
import type { Lab } from "../lab.ts";
import type { Measurement } from "../measurement.ts";
import { imageAt, withColdLarder, withUpstream } from "../pull-through.ts";
import { mebibytes, milliseconds, times } from "../row.ts";
import { medianOf } from "../stats.ts";

const WALL_OF_DIRECT = 1.15;

/** A whole image to a folder, by skopeo: through a larder without it, then with it, and straight from the upstream. */
export const skopeoPull: Measurement = {
  name: "skopeo-pull",
  run: (lab) =>
    withUpstream(lab, lab.extent.layerBytes, async (upstream) => {
      const samples = await alternate(lab.extent.rounds, {
        direct: async () => ({ coldMs: await copy(lab, imageAt(upstream.server)), warmMs: 0, asked: 0 }),
        larder: () =>
          withColdLarder(lab, upstream, async ({ image }) => {
            const coldMs = await copy(lab, image);
            const before = await upstream.requests();
            const warmMs = await copy(lab, image);
            return { coldMs, warmMs, asked: (await upstream.requests()) - before };
          }),
      });
      const [cold, direct] = [medianOf(samples.larder, ms), medianOf(samples.direct, ms)];
      const warm = medianOf(samples.larder, ({ warmMs }) => warmMs);
      const asked = Math.max(...samples.larder.map((sample) => sample.asked));
      const what = `skopeo copy of an image with a layer of ${mebibytes(lab.extent.layerBytes)}`;
      return [
        {
          what: `${what}, cold`,
          larder: milliseconds(cold),
          beside: `direct ${milliseconds(direct)}`,
          figure: `wall ${times(cold / direct)}`,
          goal: `<= ${WALL_OF_DIRECT}x`,
          met: cold <= WALL_OF_DIRECT * direct,
        },
        {
          what: `${what}, warm`,
          larder: milliseconds(warm),
          beside: `direct ${milliseconds(direct)}`,
          figure: `${asked} requests to the upstream`,
          goal: "none",
          met: asked === 0,
        },
      ];
    }),
};

function ms({ coldMs }: { coldMs: number }): number {
  return coldMs;
}

/** The milliseconds that it takes skopeo to copy `image` to the disk. */
function copy(lab: Lab, image: string): Promise<number> {
  return lab.withFolder(async (folder) => {
    await lab.settle();
    const startedMs = performance.now();
    await outputOf([
      lab.programs.skopeo,
      "--insecure-policy",
      "copy",
      "--src-tls-verify=false",
      image,
      `dir:${join(folder, "image")}`,
    ]);
    return performance.now() - startedMs;
  });
}
