import type { Exchange } from "../../http/exchange.ts";
import type { RequestObserver } from "../../http/request-observer.ts";
import { CounterFamily } from "../../telemetry/metrics/counter.ts";
import { HistogramFamily } from "../../telemetry/metrics/histogram.ts";
import { OTHER } from "../../telemetry/metrics/labelled.ts";
import type { MetricFamily } from "../../telemetry/metrics/metric-family.ts";
import type { NamespaceLabel } from "./namespace-label.ts";

/** A manifest from disk takes a tenth of a millisecond, a cold blob from a slow registry minutes. */
const DURATION_BOUNDS = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60, 300];
const KNOWN_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]);

/** Counts requests. Every label has few values: a route, a method, a class of statuses, a registry. */
export class RequestMetrics implements RequestObserver {
  readonly #labelOf: NamespaceLabel;
  readonly #requests = new CounterFamily({
    name: "larder_http_requests_total",
    help: "Requests, by what was asked for, the class of the answer's status and the registry whose content it is",
    labels: ["route", "method", "code", "namespace"],
  });
  readonly #durations = new HistogramFamily(
    {
      name: "larder_http_request_duration_seconds",
      help: "Time until an answer began, or until it ended for content that came from an upstream registry meanwhile",
      labels: ["route", "source"],
    },
    DURATION_BOUNDS,
  );
  readonly #bytesOut = new CounterFamily({
    name: "larder_http_response_bytes_total",
    help: "Bytes of the bodies of answers, a file's whole even if its client left in between",
    labels: ["route", "namespace"],
  });
  readonly #bytesIn = new CounterFamily({
    name: "larder_http_request_bytes_total",
    help: "Bytes of the bodies of requests",
    labels: ["route", "namespace"],
  });
  readonly #left = new CounterFamily({
    name: "larder_http_clients_left_total",
    help: "Requests whose client left before it had the answer, as far as larder sees it",
    labels: ["route"],
  });
  readonly #brokenOff = new CounterFamily({
    name: "larder_http_answers_broken_off_total",
    help: "Answers that had begun well and failed before their end, while the client was there",
    labels: ["route", "namespace"],
  });

  constructor(labelOf: NamespaceLabel) {
    this.#labelOf = labelOf;
  }

  get families(): readonly MetricFamily[] {
    return [this.#requests, this.#durations, this.#bytesOut, this.#bytesIn, this.#left, this.#brokenOff];
  }

  answered({ request, record }: Exchange, status: number, tookMs: number): void {
    const { route, bytesOut, bytesIn } = record;
    const { method } = request;
    const namespace = this.#labelOf(record.namespace);
    this.#requests.of(route, KNOWN_METHODS.has(method) ? method : OTHER, classOf(status), namespace).add();
    this.#durations.of(route, record.source ?? "none").observe(tookMs / 1000);
    if (bytesOut !== null && bytesOut > 0) this.#bytesOut.of(route, namespace).add(bytesOut);
    if (bytesIn !== null && bytesIn > 0) this.#bytesIn.of(route, namespace).add(bytesIn);
    if (record.hasLeft) this.#left.of(route).add();
    else if (record.fault !== null && status < 400) this.#brokenOff.of(route, namespace).add();
  }
}

const CLASSES = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** The class of an HTTP status: `2xx` for 200 to 299; `other` for what is none. */
export function classOf(status: number): string {
  return CLASSES[Math.floor(status / 100)] ?? OTHER;
}
