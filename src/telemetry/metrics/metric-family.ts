/** What a metric counts up, shows, or spreads over buckets. */
type MetricKind = "counter" | "gauge" | "histogram";

/**
 * A metric without its values. `name` follows Prometheus' conventions: base units (`_seconds`, `_bytes`), and `_total` at
 * the end of counters and of nothing else. `labels` are names of labels, each of which has few values.
 *
 * Source: prometheus.io, "Metric and label naming".
 */
export type MetricDefinition = {
  readonly kind: MetricKind;
  readonly name: string;
  /** A sentence without a full stop. */
  readonly help: string;
  readonly labels: readonly string[];
};

/** The definition of a counter: `counter("larder_uploads_total", "Uploads", "result")`. */
export function counter(name: string, help: string, ...labels: readonly string[]): MetricDefinition {
  return { kind: "counter", name, help, labels };
}

/** The definition of a gauge. */
export function gauge(name: string, help: string, ...labels: readonly string[]): MetricDefinition {
  return { kind: "gauge", name, help, labels };
}

/** A line of an exposition. `suffix` is what stands behind the metric's name; `le` is a bucket's upper bound, else null. */
export type Sample = {
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  /** In the order of the definition's labels. */
  readonly labels: readonly string[];
  readonly le: number | null;
  readonly value: number;
};

/** A metric with its values. */
export type MetricFamily = { readonly definition: MetricDefinition; samples(): Iterable<Sample> };

/** Throws a TypeError for a definition that no Prometheus would take, or that breaks the conventions on names. */
export function checkDefinition({ kind, name, labels }: MetricDefinition): void {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`${name} is no name of a metric`);
  if (/_(?:bucket|sum|count|created)$/.test(name)) throw new TypeError(`${name} ends like a part of a histogram`);
  if (name.endsWith("_total") !== (kind === "counter")) throw new TypeError(`${name}: counters end with _total`);
  const wrong = labels.find((label) => !/^[a-z][a-z0-9_]*$/.test(label) || label === "le");
  if (wrong !== undefined) throw new TypeError(`${name}: ${wrong} is no name of a label`);
  if (new Set(labels).size < labels.length) throw new TypeError(`${name} has a label twice`);
}
