import { alternate } from "../alternate.ts";
import { pull } from "../load/pull.ts";
import type { Measurement } from "../measurement.ts";
import { withColdLarder, withUpstream } from "../pull-through.ts";
import { mebibytes, milliseconds, times } from "../row.ts";
import { medianOf } from "../stats.ts";

const CLIENTS = 50;
const WALL_OF_WARM = 1.3;
/** A quarter of the large layer: all the clients take it from one process, on the machine that serves it. */
const SHARE = 4;

/** Many clients at once ask for a layer that larder has not, then for the same, which it has. */
export const fanOut: Measurement = {
  name: "fan-out",
  run: (lab) =>
    withUpstream(lab, lab.extent.layerBytes / SHARE, async (upstream) => {
      const bytes = upstream.layer.bytes.byteLength;
      const isLayer = (method: string, path: string) => method === "GET" && path.endsWith(upstream.layer.digest);
      const { larder } = await alternate(lab.extent.rounds, {
        larder: () =>
          withColdLarder(lab, upstream, async ({ layerUrl }) => {
            const before = await upstream.requests(isLayer);
            const cold = await pull(layerUrl, bytes, { clients: CLIENTS });
            const asked = (await upstream.requests(isLayer)) - before;
            const warm = await pull(layerUrl, bytes, { clients: CLIENTS });
            return { coldMs: cold.wallMs, warmMs: warm.wallMs, asked };
          }),
      });
      const cold = medianOf(larder, ({ coldMs }) => coldMs);
      const warm = medianOf(larder, ({ warmMs }) => warmMs);
      const asked = Math.max(...larder.map((sample) => sample.asked));
      const what = `${CLIENTS} clients at once, cold, ${mebibytes(bytes)} each`;
      return [
        {
          what,
          larder: milliseconds(cold),
          beside: `warm ${milliseconds(warm)}`,
          figure: `wall ${times(cold / warm)}`,
          goal: `<= ${WALL_OF_WARM}x`,
          met: cold <= WALL_OF_WARM * warm,
        },
        {
          what,
          larder: `${asked} GET`,
          beside: "",
          figure: `${asked} GET to the upstream`,
          goal: "1",
          met: asked === 1,
        },
      ];
    }),
};
