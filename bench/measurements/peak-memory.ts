import type { Measurement } from "../measurement.ts";
import { mebibytes } from "../row.ts";

const LIMIT_BYTES = 120 * 2 ** 20;

/** The most memory that larder has had resident in the measurements before this one. */
export const peakMemory: Measurement = {
  name: "peak-memory",
  async run({ larder, dockerRegistry }) {
    const peak = larder.peakMemory();
    return [
      {
        what: "peak memory of the registry after all the above",
        larder: mebibytes(peak),
        beside: `docker-registry ${mebibytes(dockerRegistry.peakMemory())}`,
        figure: mebibytes(peak),
        goal: `< ${mebibytes(LIMIT_BYTES)}`,
        met: peak < LIMIT_BYTES,
      },
    ];
  },
};
