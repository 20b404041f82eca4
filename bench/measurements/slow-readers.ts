import { alternate } from "../alternate.ts";
import { pull } from "../load/pull.ts";
import { readSlowly } from "../load/slow-readers.ts";
import type { Measurement } from "../measurement.ts";
import { type ColdLarder, withColdLarder, withUpstream } from "../pull-through.ts";
import { mebibytes, milliseconds, times } from "../row.ts";
import { medianOf } from "../stats.ts";

const READERS = 100;
const PAUSE_MS = 250;
const FOR_MS = 5000;
const GROWTH_LIMIT_BYTES = 64 * 2 ** 20;

/** Memory, and a fast client's time, while many slow ones read the same cold layer; and without them. */
export const slowReaders: Measurement = {
  name: "slow-readers",
  run: (lab) =>
    withUpstream(lab, lab.extent.layerBytes, async (upstream) => {
      const bytes = upstream.layer.bytes.byteLength;
      const pullAlone = async ({ server, layerUrl }: ColdLarder) => {
        const { wallMs } = await pull(layerUrl, bytes);
        return { wallMs, peak: server.peakMemory(), alive: 0 };
      };
      const pullAmongSlow = async ({ server, layerUrl }: ColdLarder) => {
        const slow = readSlowly({ url: layerUrl, readers: READERS, pauseMs: PAUSE_MS, forMs: FOR_MS });
        const { wallMs } = await pull(layerUrl, bytes);
        const { alive } = await slow;
        return { wallMs, peak: server.peakMemory(), alive };
      };
      const samples = await alternate(lab.extent.rounds, {
        alone: () => withColdLarder(lab, upstream, pullAlone),
        among: () => withColdLarder(lab, upstream, pullAmongSlow),
      });
      const alive = Math.min(...samples.among.map((sample) => sample.alive));
      if (alive < READERS) throw new Error(`${READERS - alive} slow readers lost their connection`);
      const peak = [medianOf(samples.among, peakOf), medianOf(samples.alone, peakOf)] as const;
      const wall = [medianOf(samples.among, wallOf), medianOf(samples.alone, wallOf)] as const;
      const growth = peak[0] - peak[1];
      return [
        {
          what: `memory with ${READERS} slow readers of a cold layer of ${mebibytes(bytes)}`,
          larder: mebibytes(peak[0]),
          beside: `with one fast reader ${mebibytes(peak[1])}`,
          figure: `${mebibytes(growth)} more`,
          goal: `<= ${mebibytes(GROWTH_LIMIT_BYTES)}`,
          met: growth <= GROWTH_LIMIT_BYTES,
        },
        {
          what: `a fast reader among the ${READERS} slow ones`,
          larder: milliseconds(wall[0]),
          beside: `alone ${milliseconds(wall[1])}`,
          figure: `wall ${times(wall[0] / wall[1])}`,
          goal: "",
          met: null,
        },
      ];
    }),
};

function peakOf({ peak }: { peak: number }): number {
  return peak;
}

function wallOf({ wallMs }: { wallMs: number }): number {
  return wallMs;
}
