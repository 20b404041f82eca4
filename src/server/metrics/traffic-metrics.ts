import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { MetricReader, Reading } from "../../telemetry/metrics/metric-reader.ts";
import type { MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { NamespaceLabel } from "./namespace-label.ts";

const PULLS: MetricDefinition = {
  kind: "counter",
  name: "larder_pulls_total",
  help: "Manifests and blobs that were answered from disk (hit) or had to be fetched (miss)",
  labels: ["namespace", "result"],
};
const STALE: MetricDefinition = {
  kind: "counter",
  name: "larder_pulls_stale_total",
  help: "Hits among the pulls that may be older than what the registry has, since it could not be asked",
  labels: ["namespace"],
};
const BYTES: MetricDefinition = {
  kind: "counter",
  name: "larder_pull_bytes_total",
  help: "Bytes of manifests and blobs that were answered from disk, or fetched from upstream",
  labels: ["namespace", "source"],
};

/** The metrics of answers by registry: hits, misses, stale answers, and bytes from disk and from upstream. */
export function trafficMetrics(traffic: TrafficCounter, labelOf: NamespaceLabel): MetricReader {
  const read = (): readonly Reading[] => {
    const sums = new Map<string, number[]>();
    for (const { namespace, hits, misses, stale, bytesFromDisk, bytesFromUpstream } of traffic.all()) {
      const counts = [hits, misses, stale, bytesFromDisk, bytesFromUpstream];
      const label = labelOf(namespace);
      const sum = sums.get(label);
      sums.set(label, sum === undefined ? counts : counts.map((count, index) => count + (sum[index] ?? 0)));
    }
    return [...sums].flatMap(([namespace, [hits = 0, misses = 0, stale = 0, disk = 0, upstream = 0]]) => [
      { metric: PULLS, labels: [namespace, "hit"], value: hits },
      { metric: PULLS, labels: [namespace, "miss"], value: misses },
      { metric: STALE, labels: [namespace], value: stale },
      { metric: BYTES, labels: [namespace, "disk"], value: disk },
      { metric: BYTES, labels: [namespace, "upstream"], value: upstream },
    ]);
  };
  return { name: "traffic", definitions: [PULLS, STALE, BYTES], read };
}
