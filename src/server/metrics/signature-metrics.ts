import type { RefusalCounter } from "../../registry/signatures/refusal-counter.ts";
import type { MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader, Reading } from "../../telemetry/metrics/metric-reader.ts";
import type { NamespaceLabel } from "./namespace-label.ts";

const VERIFIED: MetricDefinition = {
  kind: "counter",
  name: "larder_signatures_verified_total",
  help: "Images whose required signatures were looked at and found good",
  labels: ["namespace"],
};
const FAILED: MetricDefinition = {
  kind: "counter",
  name: "larder_signatures_verify_failed_total",
  help: "Requests that were refused, since the image lacks a required signature",
  labels: ["namespace"],
};

/** The metrics of required signatures. */
export function signatureMetrics(counter: RefusalCounter, labelOf: NamespaceLabel): MetricReader {
  const read = (): readonly Reading[] => {
    const sums = new Map<string, { verified: number; refused: number }>();
    for (const [namespace, { verified, refused }] of counter.counts) {
      const label = labelOf(namespace);
      const sum = sums.get(label) ?? { verified: 0, refused: 0 };
      sums.set(label, { verified: sum.verified + verified, refused: sum.refused + refused });
    }
    return [...sums].flatMap(([namespace, { verified, refused }]) => [
      { metric: VERIFIED, labels: [namespace], value: verified },
      { metric: FAILED, labels: [namespace], value: refused },
    ]);
  };
  return { name: "signatures", definitions: [VERIFIED, FAILED], read };
}
