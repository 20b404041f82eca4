import type { CollectionTotals } from "../../registry/collection-tally.ts";
import { counter, type MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader } from "../../telemetry/metrics/metric-reader.ts";

const RUNS: MetricDefinition = {
  kind: "counter",
  name: "larder_collections_total",
  help: "Collections of what nobody can reach any more: done, refused since the records seem wrong, or failed",
  labels: ["result"],
};
const BLOBS = counter("larder_collected_blobs_total", "Blobs that were collected");
const BYTES = counter("larder_collected_bytes_total", "Bytes that were given back by collections");
const MANIFESTS = counter("larder_collected_manifests_total", "Manifests that were collected");
const SET_ASIDE = counter("larder_set_aside_files_total", "Files that were set aside, since no record names them");
const LAST: MetricDefinition = {
  kind: "gauge",
  name: "larder_collection_last_timestamp_seconds",
  help: "When a collection was last done, since unix epoch",
  labels: [],
};

/** The metrics of collections since the start, whoever asked for them. */
export function collectionMetrics(totals: () => CollectionTotals): MetricReader {
  const read = () => {
    const { done, refused, failed, blobs, bytes, manifests, setAside, lastDoneAtMs } = totals();
    return [
      { metric: RUNS, labels: ["done"], value: done },
      { metric: RUNS, labels: ["refused"], value: refused },
      { metric: RUNS, labels: ["failed"], value: failed },
      { metric: BLOBS, labels: [], value: blobs },
      { metric: BYTES, labels: [], value: bytes },
      { metric: MANIFESTS, labels: [], value: manifests },
      { metric: SET_ASIDE, labels: [], value: setAside },
      ...(lastDoneAtMs === null ? [] : [{ metric: LAST, labels: [], value: lastDoneAtMs / 1000 }]),
    ];
  };
  return { name: "collections", definitions: [RUNS, BLOBS, BYTES, MANIFESTS, SET_ASIDE, LAST], read };
}
