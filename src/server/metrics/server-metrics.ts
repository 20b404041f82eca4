import type { RequestObserver } from "../../http/request-observer.ts";
import type { CollectionTotals } from "../../registry/collection-tally.ts";
import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { RefusalCounter } from "../../registry/signatures/refusal-counter.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import type { Notifications } from "../../registry/notifications/notifications.ts";
import type { LogLevel } from "../../telemetry/log.ts";
import { EventLoopDelay } from "../../telemetry/metrics/event-loop-delay.ts";
import type { MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import { Metrics } from "../../telemetry/metrics/metrics.ts";
import { processMetrics } from "../../telemetry/metrics/process-metrics.ts";
import type { CertificateSource } from "../../tls/certificate-source.ts";
import { collectionMetrics } from "./collection-metrics.ts";
import { certificateMetrics, DnsMetrics, listenerMetrics } from "./listener-metrics.ts";
import { namespaceLabel } from "./namespace-label.ts";
import { RequestMetrics } from "./request-metrics.ts";
import { signatureMetrics } from "./signature-metrics.ts";
import { notificationMetrics } from "./notification-metrics.ts";
import { type SpaceMeasured, spaceMetrics } from "./space-metrics.ts";
import { type StoreParts, storeMetrics } from "./store-metrics.ts";
import { traceMetrics, type TracesMeasured } from "./trace-metrics.ts";
import { trafficMetrics } from "./traffic-metrics.ts";
import { type VerificationParts, verificationMetrics } from "./verification-metrics.ts";
import { UpstreamMetrics, upstreamState } from "./upstream-metrics.ts";

const BUILD: MetricDefinition = {
  kind: "gauge",
  name: "larder_build_info",
  help: "This larder, always 1",
  labels: ["version", "bun_version", "os", "arch"],
};
const LOG_LINES: MetricDefinition = {
  kind: "counter",
  name: "larder_log_lines_total",
  help: "Lines that were written to the log",
  labels: ["level"],
};
const DROPPED: MetricDefinition = {
  kind: "counter",
  name: "larder_log_lines_dropped_total",
  help: "Lines that were left out of the log, since nobody took them",
  labels: [],
};

/** The parts of a registry whose metrics are read. */
export type MeasuredParts = {
  readonly traffic: TrafficCounter;
  readonly upstreams: Upstreams;
  readonly refusals: RefusalCounter;
  readonly notifications: Pick<Notifications, "states">;
  readonly collections: () => CollectionTotals;
  readonly verification: VerificationParts;
  readonly store: StoreParts;
  readonly space: SpaceMeasured;
  readonly traces: TracesMeasured;
};

/**
 * All metrics of a larder. Counters are there from the start; values that are looked up are added with the parts that
 * have them.
 */
export class ServerMetrics {
  readonly all = new Metrics();
  readonly upstreams = new UpstreamMetrics();
  readonly dns = new DnsMetrics();
  readonly #eventLoop = new EventLoopDelay();

  constructor(version: string) {
    const build = { metric: BUILD, labels: [version, Bun.version, process.platform, process.arch], value: 1 };
    this.all.addReader({ name: "build", definitions: [BUILD], read: () => [build] });
    this.all.addReader(processMetrics());
    this.all.add(...this.upstreams.families, this.dns.family, this.#eventLoop.family);
  }

  /** Begins to measure what has to be watched. What comes back ends that. */
  start(): () => void {
    return this.#eventLoop.start();
  }

  /** Measures these, and gives what is to be told of each request. */
  watchRegistry({
    traffic,
    upstreams,
    refusals,
    notifications,
    collections,
    verification,
    store,
    space,
    traces,
  }: MeasuredParts): RequestObserver {
    const labelOf = namespaceLabel((namespace) => upstreams.knows(namespace));
    const requests = new RequestMetrics(labelOf);
    this.all.add(...requests.families);
    for (const reader of [
      trafficMetrics(traffic, labelOf),
      signatureMetrics(refusals, labelOf),
      notificationMetrics(notifications),
      upstreamState(upstreams),
      collectionMetrics(collections),
      verificationMetrics(verification),
      ...storeMetrics(store),
      spaceMetrics(space),
      traceMetrics(traces),
    ]) {
      this.all.addReader(reader);
    }
    return requests;
  }

  /** Measures how many requests are being answered, as `openRequests` says it. */
  watchListeners(openRequests: () => number): void {
    this.all.addReader(listenerMetrics(openRequests));
  }

  /** Measures the log. */
  watchLog(log: { readonly counts: Readonly<Record<LogLevel, number>> }, droppedLines: () => number): void {
    const read = () => [
      ...Object.entries(log.counts).map(([level, value]) => ({ metric: LOG_LINES, labels: [level], value })),
      { metric: DROPPED, labels: [], value: droppedLines() },
    ];
    this.all.addReader({ name: "log", definitions: [LOG_LINES, DROPPED], read });
  }

  /** Measures a certificate; `authorityPem` as `certificateMetrics` has it. */
  watchCertificate(source: CertificateSource, authorityPem: string | null): void {
    this.all.addReader(certificateMetrics(source, authorityPem));
  }
}
