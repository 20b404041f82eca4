import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exchangeOf } from "../../http/exchange.fixture.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { CollectionTally } from "../../registry/collection-tally.ts";
import { TrafficCounter } from "../../registry/pull/traffic.ts";
import { Upstreams } from "../../registry/pull/upstreams.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { formatExposition } from "../../telemetry/metrics/exposition.ts";
import { PublishedCertificate } from "../../tls/certificate-source.ts";
import { ServerMetrics } from "./server-metrics.ts";

const HUB = "docker.io" as Namespace;
const DOCS = join(import.meta.dir, "..", "..", "..", "docs");

/** All metrics that there are, over a larder that does nothing. */
function allMetrics() {
  const metrics = new ServerMetrics("1.2.3");
  const upstreams = new Upstreams([], false);
  upstreams.knows = (namespace) => namespace === HUB;
  const traffic = new TrafficCounter((namespace) => namespace === HUB);
  const observer = metrics.watchRegistry({
    traffic,
    upstreams,
    collections: () => new CollectionTally().totals,
    store: {
      statistics: memoryMetadata().statistics,
      downloads: () => 0,
      disk: async () => ({ freeBytes: 1, sizeBytes: 2 }),
      guard: { problem: null },
      reserve: { isSpent: false },
    },
  });
  metrics.watchListeners(() => 0);
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

  test("are the ones that docs/prometheus-alerts.yaml reads, labels included", async () => {
    const text = await readFile(join(DOCS, "prometheus-alerts.yaml"), "utf8");
    const known = new Map(allMetrics().metrics.all.definitions.map(({ name, labels }) => [name, labels]));
    const read = [...text.matchAll(/\b(larder_\w+_\w+)(?:\{(\w+)!?="[^"]*"\})?/g)];
    expect(read.length).toBeGreaterThan(12);
    for (const [, name = "", label] of read) {
      expect(known.has(name), name).toBe(true);
      if (label !== undefined) expect(known.get(name), name).toContain(label);
    }
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
