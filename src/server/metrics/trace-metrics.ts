import type { MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader } from "../../telemetry/metrics/metric-reader.ts";
import type { SpanTotals } from "../../telemetry/otlp/span-exporter.ts";

const SPANS: MetricDefinition = {
  kind: "counter",
  name: "larder_trace_spans_total",
  help: "Spans of traces, by what became of them: sent, dropped for want of room, or failed since nobody took them",
  labels: ["result"],
};
const FAILING: MetricDefinition = {
  kind: "gauge",
  name: "larder_traces_failing",
  help: "Did the last attempt to send traces fail?",
  labels: [],
};

/** What is measured of traces. */
export type TracesMeasured = { readonly totals: SpanTotals; readonly isFailing: boolean };

/** The metrics of traces. */
export function traceMetrics(traces: TracesMeasured): MetricReader {
  const read = () => {
    const { sent, dropped, failed } = traces.totals;
    return [
      ...Object.entries({ sent, dropped, failed }).map(([label, value]) => ({ metric: SPANS, labels: [label], value })),
      { metric: FAILING, labels: [], value: traces.isFailing ? 1 : 0 },
    ];
  };
  return { name: "traces", definitions: [SPANS, FAILING], read };
}
