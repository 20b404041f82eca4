import { alternate } from "../alternate.ts";
import type { Lab } from "../lab.ts";
import { pull } from "../load/pull.ts";
import type { Measurement } from "../measurement.ts";
import { type Upstream, withColdLarder, withLink, withUpstream } from "../pull-through.ts";
import { mebibytes, milliseconds, type Row, times } from "../row.ts";
import { medianOf } from "../stats.ts";

const WALL_OF_DIRECT = 1.15;
const FIRST_BYTE_OF_DIRECT = 1.3;
const FIRST_BYTE_ALLOWANCE_MS = 20;
const GIGABIT_BYTES = 125_000_000;

/**
 * A layer that larder has not, pulled through it by a client that throws it away, and straight from the upstream:
 * over a line such as registries are at the end of, and over loopback, where all three share the processors.
 */
export const coldPull: Measurement = {
  name: "cold-pull",
  run: (lab) =>
    withUpstream(lab, lab.extent.layerBytes, async (upstream) => [
      ...(await withLink(lab, upstream, GIGABIT_BYTES, (far) => measure(lab, far, "upstream at 1 Gbit/s"))),
      ...(await measure(lab, upstream, "upstream on loopback")),
    ]),
};

async function measure(lab: Lab, upstream: Upstream, where: string): Promise<Row[]> {
  const bytes = upstream.layer.bytes.byteLength;
  const samples = await alternate(lab.extent.rounds, {
    direct: async () => {
      await lab.settle();
      return pull(upstream.layerUrl, bytes);
    },
    larder: () => withColdLarder(lab, upstream, ({ layerUrl }) => pull(layerUrl, bytes)),
  });
  const [wall, directWall] = [medianOf(samples.larder, wallOf), medianOf(samples.direct, wallOf)];
  const [first, directFirst] = [medianOf(samples.larder, firstByteOf), medianOf(samples.direct, firstByteOf)];
  const what = `cold pull of ${mebibytes(bytes)}, ${where}`;
  return [
    {
      what,
      larder: milliseconds(wall),
      beside: `direct ${milliseconds(directWall)}`,
      figure: `wall ${times(wall / directWall)}`,
      goal: `<= ${WALL_OF_DIRECT}x`,
      met: wall <= WALL_OF_DIRECT * directWall,
    },
    {
      what,
      larder: milliseconds(first),
      beside: `direct ${milliseconds(directFirst)}`,
      figure: `first byte ${milliseconds(first)}`,
      goal: `<= ${FIRST_BYTE_OF_DIRECT}x + ${FIRST_BYTE_ALLOWANCE_MS} ms`,
      met: first <= FIRST_BYTE_OF_DIRECT * directFirst + FIRST_BYTE_ALLOWANCE_MS,
    },
  ];
}

function wallOf({ wallMs }: { wallMs: number }): number {
  return wallMs;
}

function firstByteOf({ firstByteMs }: { firstByteMs: number }): number {
  return firstByteMs;
}
