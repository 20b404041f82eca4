import type { Namespace } from "../../oci/repository-name.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import { CounterFamily } from "../../telemetry/metrics/counter.ts";
import { HistogramFamily } from "../../telemetry/metrics/histogram.ts";
import { OTHER } from "../../telemetry/metrics/labelled.ts";
import { gauge, type MetricDefinition, type MetricFamily } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader, Reading } from "../../telemetry/metrics/metric-reader.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { UpstreamEvent } from "../../upstream/upstream-event.ts";
import { classOf } from "./request-metrics.ts";

const DURATION_BOUNDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

/**
 * Counts requests to upstream registries. Hosts that are known from redirects alone, such as those of a CDN, count as
 * `other`.
 */
export class UpstreamMetrics {
  readonly #requests = new CounterFamily({
    name: "larder_upstream_requests_total",
    help: "Requests that an upstream registry, or a mirror of it, has answered, by the class of the status",
    labels: ["namespace", "host", "method", "code"],
  });
  readonly #durations = new HistogramFamily(
    {
      name: "larder_upstream_request_duration_seconds",
      help: "Time until the header of an upstream registry's answer was there",
      labels: ["namespace"],
    },
    DURATION_BOUNDS,
  );
  readonly #failures = new CounterFamily({
    name: "larder_upstream_failures_total",
    help: "Requests to upstream registries that failed, each attempt for itself, by what went wrong",
    labels: ["namespace", "reason"],
  });

  get families(): readonly MetricFamily[] {
    return [this.#requests, this.#durations, this.#failures];
  }

  /** What is to be told of the events of a registry, whose servers are at these URLs. */
  observerOf(namespace: Namespace, urls: readonly string[]): (event: UpstreamEvent) => void {
    const hosts = new Set(urls.map((url) => URL.parse(url)?.host));
    return (event) => {
      if (event.kind === "response") {
        const { host } = new URL(event.url);
        this.#requests.of(namespace, hosts.has(host) ? host : OTHER, event.method, classOf(event.status)).add();
        this.#durations.of(namespace).observe(event.elapsedMs / 1000);
      } else if (event.kind === "failure") {
        this.#failures.of(namespace, reasonOf(event.error)).add();
      }
    };
  }
}

function reasonOf(error: Error): string {
  return error instanceof UpstreamError ? error.failure.kind : "internal";
}

const REACHABLE = gauge(
  "larder_upstream_reachable",
  "Whether a registry can be reached: 0 while nobody waits for it",
  "namespace",
);
const LIMIT = gauge(
  "larder_upstream_allowance_requests",
  "The requests that a registry allows, as it said last",
  "namespace",
);
const LEFT = gauge("larder_upstream_allowance_remaining_requests", "Those that were left of them", "namespace");
const WINDOW = gauge("larder_upstream_allowance_window_seconds", "The time that they are for", "namespace");
const SEEN = gauge(
  "larder_upstream_allowance_timestamp_seconds",
  "When the registry said so, since unix epoch",
  "namespace",
);
const UNVERIFIED = gauge(
  "larder_upstream_unverified",
  "Whether any certificate of a registry is taken (skipVerify): 1 is unsafe",
  "namespace",
);
const EXPIRY = gauge(
  "larder_upstream_client_certificate_expiry_timestamp_seconds",
  "When the certificate that larder shows to a registry expires, since unix epoch",
  "namespace",
);
const OFFLINE: MetricDefinition = {
  kind: "gauge",
  name: "larder_offline",
  help: "Whether contacting upstream registries is forbidden",
  labels: [],
};

/** The state of upstream registries, as far as it is known: reading it asks no registry. */
export function upstreamState(upstreams: Upstreams): MetricReader {
  const read = (): readonly Reading[] => [
    { metric: OFFLINE, labels: [], value: Number(upstreams.offline) },
    ...upstreams.all().flatMap(({ namespace, client, isUnverified, clientCertificate }) => {
      const allowance = client.rateLimit();
      const values: readonly (readonly [MetricDefinition, number | null | undefined])[] = [
        [REACHABLE, Number(client.reachability() !== "away")],
        [UNVERIFIED, Number(isUnverified)],
        [EXPIRY, clientCertificate && clientCertificate.validToMs / 1000],
        [LIMIT, allowance?.limit],
        [LEFT, allowance?.remaining],
        [WINDOW, allowance?.windowSeconds],
        [SEEN, allowance && allowance.seenAtMs / 1000],
      ];
      return values.flatMap(([metric, value]) => (value == null ? [] : [{ metric, labels: [namespace], value }]));
    }),
  ];
  return { name: "upstreams", definitions: [OFFLINE, REACHABLE, UNVERIFIED, EXPIRY, LIMIT, LEFT, WINDOW, SEEN], read };
}
