import type { EvictionTotals } from "../../registry/space/evictor.ts";
import { counter, gauge } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader } from "../../telemetry/metrics/metric-reader.ts";

const IMAGES = counter("larder_evicted_images_total", "Cached images that were given up for want of space");
const BYTES = counter("larder_evicted_bytes_total", "Bytes that these gave back, at least");
const LIMIT = gauge("larder_space_max_bytes", "How large the data folder may get; 0 without a limit");
const KEPT = gauge("larder_space_keep_free_bytes", "How much of the disk is to stay free");
const USED = gauge("larder_space_used_bytes", "What the data folder takes, with what is promised to downloads");
const SHORT = gauge("larder_space_short", "Whether the limits are not kept, since nothing is left to give up");

/** What the metrics of space are read from. */
export type SpaceMeasured = {
  readonly evictor: { readonly totals: EvictionTotals };
  readonly room: {
    readonly problem: string | null;
    state(): Promise<{ readonly usedBytes: number; readonly maxBytes: number | null; readonly keepFreeBytes: number }>;
  };
};

/** The metrics of what keeps the disk from filling. */
export function spaceMetrics({ evictor, room }: SpaceMeasured): MetricReader {
  const read = async () => {
    const { images, bytes } = evictor.totals;
    const { usedBytes, maxBytes, keepFreeBytes } = await room.state();
    return [
      { metric: IMAGES, labels: [], value: images },
      { metric: BYTES, labels: [], value: bytes },
      { metric: LIMIT, labels: [], value: maxBytes ?? 0 },
      { metric: KEPT, labels: [], value: keepFreeBytes },
      { metric: USED, labels: [], value: usedBytes },
      { metric: SHORT, labels: [], value: Number(room.problem !== null) },
    ];
  };
  return { name: "space", definitions: [IMAGES, BYTES, LIMIT, KEPT, USED, SHORT], read };
}
