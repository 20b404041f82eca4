import { RefusalCounter } from "../../registry/signatures/refusal-counter.ts";
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exchangeOf } from "../../http/exchange.fixture.ts";
import type { ExchangeRecord } from "../../http/exchange-record.ts";
import { LOCAL, type Namespace } from "../../oci/repository-name.ts";
import { CollectionTally } from "../../registry/collection-tally.ts";
import { TrafficCounter } from "../../registry/pull/traffic.ts";
import { Upstreams } from "../../registry/pull/upstreams.ts";
import { VerificationTally } from "../../registry/verification/verification-tally.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { formatExposition } from "../../telemetry/metrics/exposition.ts";
import { PublishedCertificate } from "../../tls/certificate-source.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { ServerMetrics } from "./server-metrics.ts";

const HUB = "docker.io" as Namespace;
const DOCS = join(import.meta.dir, "..", "..", "..", "docs");

/** All metrics that there are, over a larder that does nothing. */
function allMetrics() {
  const metrics = new ServerMetrics("1.2.3");
  const upstreams = new Upstreams([], false);
  upstreams.knows = (namespace) => namespace === HUB;
  const traffic = new TrafficCounter((namespace) => namespace === HUB);
  const { statistics, verification, rotten, events } = memoryMetadata();
  const observer = metrics.watchRegistry({
    traces: { totals: { sent: 7, dropped: 0, failed: 0 }, isFailing: false },
    space: {
      evictor: { totals: { images: 0, bytes: 0 } },
      room: { problem: null, state: async () => ({ usedBytes: 0, maxBytes: null, keepFreeBytes: 0 }) },
    },
    traffic,
    upstreams,
    notifications: { states: async () => [] },
    refusals: new RefusalCounter({ write: () => {} }, () => 0),
    collections: () => new CollectionTally().totals,
    verification: { store: verification, rotten, tally: new VerificationTally(events), everyMs: () => 60_000 },
    store: {
      statistics,
      downloads: () => 0,
      disk: async () => ({ freeBytes: 1, sizeBytes: 2 }),
      guard: { problem: null },
      reserve: { isSpent: false },
    },
  });
  metrics.watchListeners(() => 0);
  metrics.watchLog(
    new LineLog(
      () => {},
      "info",
      () => 0,
    ),
    () => 3,
  );
  metrics.watchCertificate(new PublishedCertificate({ certPem: "", keyPem: "", notAfter: new Date(0) }), null);
  return { metrics, observer, traffic, text: async () => formatExposition(await metrics.all.read(), "text") };
}

describe("the metrics of a server", () => {
  test("are the ones that docs/metrics.md lists, with their kinds and labels", async () => {
    const text = await readFile(join(DOCS, "metrics.md"), "utf8");
    const rows = [...text.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\| [^|]+ \|$/gm)];
    const listed = rows.map(([, name, kind, labels = ""]) =>
      `${name} ${kind} ${labels.replaceAll("`", "").trim()}`.trim(),
    );
    const { definitions } = allMetrics().metrics.all;
    const defined = definitions.map(({ name, kind, labels }) => `${name} ${kind} ${labels.join(", ")}`);
    expect(listed.toSorted()).toEqual(defined.map((line) => line.trim()).toSorted());
  });

  test("are the ones that deploy/prometheus/alerts.yaml reads, labels included", async () => {
    const text = await readFile(join(DOCS, "..", "deploy", "prometheus", "alerts.yaml"), "utf8");
    const known = new Map(allMetrics().metrics.all.definitions.map(({ name, labels }) => [name, labels]));
    const read = [...text.matchAll(/\b(larder_\w+_\w+)(?:\{(\w+)!?="[^"]*"\})?/g)];
    expect(read.length).toBeGreaterThan(12);
    for (const [, name = "", label] of read) {
      expect(known.has(name), name).toBe(true);
      if (label !== undefined) expect(known.get(name), name).toContain(label);
    }
  });

  test("are the ones that the dashboard shows, labels included", async () => {
    const text = await readFile(join(DOCS, "..", "deploy", "grafana", "larder.json"), "utf8");
    const known = new Map(allMetrics().metrics.all.definitions.map(({ name, labels }) => [name, labels]));
    const panels = (JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] }).panels;
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const read = queries.flatMap((expr) => [...expr.matchAll(/\b((?:larder|process)_\w+)\{([^}]*)\}/g)]);
    expect(read.length).toBeGreaterThan(50);
    for (const [, series = "", selector = ""] of read) {
      const labels = known.get(series.replace(/_bucket$/, ""));
      expect(labels, series).toBeDefined();
      const asked = [...selector.matchAll(/(\w+)!?=~?"/g)].map(([, label]) => label);
      expect([...(labels ?? []), "job", "instance"], series).toEqual(expect.arrayContaining(asked));
    }
  });

  test("tell of each request what it asked for, how it ended, how long it took and what it moved", async () => {
    const { observer, text } = allMetrics();
    const answered = (method: string, status: number, tookMs: number, record: Partial<ExchangeRecord>) => {
      const exchange = exchangeOf(new Request("http://larder.example/v2/", { method }));
      Object.assign(exchange.record, record);
      observer.answered(exchange, status, tookMs);
    };
    answered("GET", 200, 3, { route: "blob", namespace: HUB, source: "upstream", bytesOut: 10 });
    answered("GET", 206, 7000, { route: "blob", namespace: HUB, source: "upstream", bytesOut: 5, hasLeft: true });
    answered("PUT", 201, 1, { route: "upload", namespace: LOCAL, bytesIn: 7 });
    answered("HEAD", 499, 1, { bytesOut: 0 });
    const fault = new Error("wrong bytes");
    answered("GET", 200, 1, { route: "blob", namespace: LOCAL, bytesOut: 0, fault });
    answered("GET", 200, 1, { route: "blob", namespace: LOCAL, bytesOut: 0, fault, hasLeft: true });
    answered("GET", 502, 1, { route: "blob", namespace: LOCAL, fault });
    const told = (await text()).split("\n");
    for (const line of [
      'larder_http_requests_total{route="blob",method="GET",code="2xx",namespace="docker.io"} 2',
      'larder_http_requests_total{route="upload",method="PUT",code="2xx",namespace="local"} 1',
      'larder_http_requests_total{route="other",method="HEAD",code="4xx",namespace="none"} 1',
      'larder_http_request_duration_seconds_bucket{route="blob",source="upstream",le="0.005"} 1',
      'larder_http_request_duration_seconds_bucket{route="blob",source="upstream",le="10.0"} 2',
      'larder_http_request_duration_seconds_sum{route="blob",source="upstream"} 7.003',
      'larder_http_request_duration_seconds_count{route="upload",source="none"} 1',
      'larder_http_response_bytes_total{route="blob",namespace="docker.io"} 15',
      'larder_http_request_bytes_total{route="upload",namespace="local"} 7',
      'larder_http_clients_left_total{route="blob"} 2',
      'larder_http_answers_broken_off_total{route="blob",namespace="local"} 1',
    ]) {
      expect(told).toContain(line);
    }
    expect(told.filter((line) => /^larder_http_(?:response|request)_bytes_total/.test(line)).length).toBe(2);
  });

  test("count an upstream's answers by the hosts that are configured, and those that they lead to together", async () => {
    const { metrics, text } = allMetrics();
    const observe = metrics.upstreams.observerOf(HUB, ["https://registry-1.docker.io", "http://10.0.0.9:5000/hub"]);
    const urls = ["https://registry-1.docker.io/v2/", "http://10.0.0.9:5000/hub/v2/", "https://cdn-17.example/x"];
    for (let index = 0; index < 1000; index++) urls.push(`https://cdn-${index}.example/x`);
    for (const url of urls)
      observe({ kind: "response", method: "GET", url, status: 200, elapsedMs: 30, requestId: null });
    const limited = new UpstreamError({ kind: "rate-limited", retryAfterSeconds: 3 }, "too many");
    for (const error of [limited, limited, new TypeError("larder's own")]) {
      observe({
        kind: "failure",
        method: "GET",
        url: "https://registry-1.docker.io/v2/",
        error,
        retried: true,
        requestId: null,
      });
    }
    const told = (await text()).split("\n");
    for (const line of [
      'larder_upstream_requests_total{namespace="docker.io",host="registry-1.docker.io",method="GET",code="2xx"} 1',
      'larder_upstream_requests_total{namespace="docker.io",host="10.0.0.9:5000",method="GET",code="2xx"} 1',
      'larder_upstream_requests_total{namespace="docker.io",host="other",method="GET",code="2xx"} 1001',
      'larder_upstream_request_duration_seconds_bucket{namespace="docker.io",le="0.05"} 1003',
      'larder_upstream_failures_total{namespace="docker.io",reason="rate-limited"} 2',
      'larder_upstream_failures_total{namespace="docker.io",reason="internal"} 1',
    ]) {
      expect(told).toContain(line);
    }
    expect(told.filter((line) => line.startsWith("larder_upstream_requests_total")).length).toBe(3);
  });

  test("grow by no name that a client makes up", async () => {
    const { observer, traffic, text } = allMetrics();
    const ask = (namespace: string, index: number) => {
      const exchange = exchangeOf(new Request(`http://host-${index}.example/v2/hostile-${index}/tags/list`));
      // The runtime lets no method through that it does not know; another one might.
      Object.defineProperty(exchange.request, "method", { value: index === 0 ? "GET" : `HOSTILE${index % 100}` });
      exchange.record.route = "tags";
      exchange.record.namespace = namespace as Namespace;
      exchange.record.bytesOut = 1;
      observer.answered(exchange, 200, 1);
      traffic.hit(namespace as Namespace, 1);
    };
    ask(HUB, 0);
    ask("hostile.example", 1);
    const before = (await text()).split("\n").length;
    for (let index = 1; index <= 100_000; index++) ask(`hostile-${index}.example`, index);
    const after = await text();
    expect(after.split("\n").length).toBe(before);
    expect(after).not.toMatch(/hostile/i);
    expect(after).toContain('route="tags",method="other",code="2xx",namespace="other"} 100001\n');
    expect(after).toContain('larder_pulls_total{namespace="other",result="hit"} 100001\n');
  });
});
