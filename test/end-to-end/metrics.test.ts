/** /metrics, read by the programs that it is for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pushImage, send } from "../conformance/registry-client.ts";
import { makeImage } from "../conformance/content-factory.ts";
import { findProgram } from "../debian-packages.ts";
import { HOST, PullThrough } from "../faults/pull-through.ts";
import { runLarder } from "../faults/larder-command.ts";
import { requirement } from "../requirement.ts";
import { startPrometheus } from "./prometheus.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start({ arguments: ["--tags", "0s"] });
});
afterAll(() => lab.stop());

const metricsUrl = () => `${lab.larder.url}/metrics`;
const metrics = async () => (await fetch(metricsUrl())).text();

/** The value of a series as it stands in the exposition; null when it does not. */
async function valueOf(series: string): Promise<number | null> {
  const line = (await metrics()).split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

/** Lets larder do all that it counts. */
async function doAll(): Promise<void> {
  lab.upstream.headers = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" };
  const { blobs } = lab.addImage("1");
  for (let round = 0; round < 2; round++) {
    await lab.manifest("1");
    for (const { digest } of blobs) await send("GET", lab.blobUrl(digest));
  }
  lab.upstream.misbehave({}, { kind: "status", status: 503 });
  await lab.manifest("1");
  lab.upstream.behave();
  await pushImage(lab.larder.url, "mine", makeImage(), "1");
  await send("GET", `${lab.larder.url}/v2/nothing/manifests/1`);
  await runLarder(lab.larder.url, "gc");
}

test("what was asked, answered, fetched and kept is told", async () => {
  await doAll();
  const pulled = `namespace="${HOST}"`;
  expect(await valueOf(`larder_http_requests_total{route="manifest",method="GET",code="2xx",${pulled}}`)).toBe(3);
  expect(await valueOf(`larder_http_requests_total{route="manifest",method="GET",code="4xx",namespace="local"}`)).toBe(
    1,
  );
  expect(await valueOf(`larder_http_request_duration_seconds_count{route="manifest",source="stale"}`)).toBe(1);
  expect(await valueOf(`larder_http_response_bytes_total{route="blob",${pulled}}`)).toBeGreaterThan(0);
  expect(await valueOf(`larder_pulls_total{${pulled},result="hit"}`)).toBe(5);
  expect(await valueOf(`larder_pulls_total{${pulled},result="miss"}`)).toBe(4);
  expect(await valueOf(`larder_pulls_stale_total{${pulled}}`)).toBe(1);
  const { host } = new URL(lab.upstream.url);
  const asked = `larder_upstream_requests_total{${pulled},host="${host}",method="GET",code="2xx"}`;
  expect(await valueOf(asked)).toBeGreaterThanOrEqual(4);
  expect(await valueOf(`larder_upstream_failures_total{${pulled},reason="server-error"}`)).toBeGreaterThan(0);
  expect(await valueOf(`larder_upstream_allowance_remaining_requests{${pulled}}`)).toBe(76);
  expect(await valueOf(`larder_upstream_reachable{${pulled}}`)).toBe(1);
  expect(await valueOf("larder_store_blobs")).toBe(6);
  expect(await valueOf("larder_store_manifests")).toBe(2);
  expect(await valueOf('larder_store_tags{kind="cached"}')).toBe(1);
  expect(await valueOf('larder_collections_total{result="done"}')).toBe(1);
  expect(await valueOf("larder_store_writable")).toBe(1);
  expect(await valueOf("larder_store_free_bytes")).toBeGreaterThan(0);
  expect(await valueOf("larder_offline")).toBe(0);
  expect(await valueOf("process_resident_memory_bytes")).toBeGreaterThan(10e6);
});

test("no name that a client makes up becomes a series, or is told to anybody", async () => {
  const before = (await metrics()).split("\n").length;
  const ask = (index: number) => {
    const [host, name] = [`host-${index}.hostile.example`, `hostile-${index}`];
    const urls = [
      [`/v2/${host}/${name}/manifests/t-${index}`, {}],
      [`/v2/${name}/blobs/sha256:${"0".repeat(64)}?ns=${host}`, {}],
      [`/${host}/v2/${name}/tags/list`, {}],
      [`/api/v1/${name}`, {}],
      [`/${name}`, { Host: host }],
    ] as const;
    return Promise.all(
      urls.map(([path, headers]) =>
        send(index % 2 === 0 ? "GET" : `HOSTILE${index}`, lab.larder.url + path, { headers }),
      ),
    );
  };
  for (let index = 0; index < 400; index++) await ask(index);
  const text = await metrics();
  expect(text).not.toMatch(/hostile/i);
  // Routes, methods and classes of statuses that nobody had asked for yet.
  expect(text.split("\n").length - before).toBeLessThan(150);
}, 60_000);

test("HEAD has no body, other methods are refused, and OpenMetrics comes when it is asked for", async () => {
  const head = await send("HEAD", metricsUrl());
  expect([head.status, head.bytes.byteLength]).toEqual([200, 0]);
  expect((await send("POST", metricsUrl())).status).toBe(405);
  const response = await fetch(metricsUrl(), { headers: { Accept: "application/openmetrics-text; version=1.0.0" } });
  expect(response.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(await response.text()).toEndWith("\n# EOF\n");
});

const lint = requirement("promtool");
describe.skipIf(!lint.met)("promtool", () => {
  test("finds nothing to complain of", async () => {
    await doAll();
    const child = Bun.spawn([findProgram("promtool") ?? "", "check", "metrics"], {
      stdin: Buffer.from(await metrics()),
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
    expect(said).toBe("");
    expect(await child.exited).toBe(0);
  });

  test("finds the alerts of deploy/ right, and they fire when they should, and not else", async () => {
    const rules = join(import.meta.dir, "..", "..", "deploy", "prometheus", "alerts.yaml");
    const folder = await mkdtemp(join(tmpdir(), "larder-alerts-"));
    const file = join(folder, "alerts.json");
    const tests = ALERTS.map(([alert, firing, quiet]) => ({
      interval: "1m",
      input_series: [...seriesOf("firing", firing), ...seriesOf("quiet", quiet)],
      promql_expr_test: [
        {
          expr: `count by (instance) (ALERTS{alertname="${alert}", alertstate="firing"})`,
          eval_time: "8h",
          exp_samples: [{ labels: '{instance="firing"}', value: 1 }],
        },
      ],
    }));
    await writeFile(file, JSON.stringify({ rule_files: [rules], evaluation_interval: "1m", tests }));
    for (const argv of [
      ["check", "rules", rules],
      ["test", "rules", file],
    ]) {
      const child = Bun.spawn([findProgram("promtool") ?? "", ...argv], { stdout: "pipe", stderr: "pipe" });
      const said = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
      expect(await child.exited, said).toBe(0);
    }
    expect([...new Set(ALERTS.map(([alert]) => alert))]).toEqual(
      [...(await Bun.file(rules).text()).matchAll(/alert: (\w+)/g)].map(([, name]) => name ?? ""),
    );
    await rm(folder, { recursive: true });
    // promtool goes through eight hours of every alert: a quarter of a minute, alone on a machine.
  }, 180_000);
});

/** Series by name and labels, with a value that stays or `start+step` each minute. */
type Series = Readonly<Record<string, number | string>>;

function seriesOf(instance: string, series: Series) {
  return Object.entries(series).map(([name, value]) => ({
    series: name.replace(/(?:\{(.*)\})?$/, (_, labels = "") => `{job="larder",instance="${instance}",${labels}}`),
    values: typeof value === "number" ? `${value}+0x480` : `${value}x480`,
  }));
}

/** Each alert with what makes it fire, and what is much like it and should not. */
const ALERTS: readonly (readonly [string, Series, Series])[] = [
  ["LarderDown", { up: 0 }, { up: 1 }],
  ["LarderNotWritable", { larder_store_writable: 0 }, { larder_store_writable: 1 }],
  [
    "LarderDiskNearlyFull",
    { larder_store_free_bytes: 9, larder_store_size_bytes: 100 },
    { larder_store_free_bytes: 11, larder_store_size_bytes: 100 },
  ],
  [
    "LarderDiskFull",
    { larder_store_reserve_spent: 1, larder_store_free_bytes: 20e6 },
    { larder_store_reserve_spent: 0, larder_store_free_bytes: 20e6 },
  ],
  [
    "LarderDiskFull",
    { larder_store_reserve_spent: 0, larder_store_free_bytes: 0 },
    { larder_store_reserve_spent: 0, larder_store_free_bytes: 20e6 },
  ],
  [
    "LarderUpstreamAway",
    { 'larder_upstream_reachable{namespace="docker.io"}': 0, larder_offline: 0 },
    { 'larder_upstream_reachable{namespace="docker.io"}': 0, larder_offline: 1 },
  ],
  [
    "LarderDownloadsBreakOff",
    { 'larder_http_answers_broken_off_total{route="blob",namespace="quay.io"}': "0+1" },
    { 'larder_http_answers_broken_off_total{route="blob",namespace="quay.io"}': 5 },
  ],
  ["LarderServesStaleTags", { larder_pulls_stale_total: "0+1" }, { larder_pulls_stale_total: 5 }],
  [
    "LarderAllowanceNearlySpent",
    allowance({ left: 9, limit: 100, saidAt: 28_000 }),
    // Its window has ended since.
    allowance({ left: 9, limit: 100, saidAt: 7000 }),
  ],
  [
    "LarderFails",
    { 'larder_http_requests_total{code="5xx"}': "0+1", 'larder_http_requests_total{code="2xx"}': "0+10" },
    { 'larder_http_requests_total{code="5xx"}': "0+1", 'larder_http_requests_total{code="2xx"}': "0+100" },
  ],
  ["LarderCertificateExpires", expiry("server", 6), expiry("server", 8)],
  ["LarderAuthorityExpires", expiry("authority", 80), expiry("authority", 100)],
  [
    "LarderCollectsNothing",
    { 'larder_collections_total{result="refused"}': "0+1", 'larder_collections_total{result="done"}': 3 },
    { 'larder_collections_total{result="refused"}': "0+1", 'larder_collections_total{result="done"}': "0+1" },
  ],
  ["LarderBlobsRotten", { 'larder_rotten_blobs{rot="damaged"}': 1 }, { 'larder_rotten_blobs{rot="damaged"}': 0 }],
  [
    "LarderVerificationBehind",
    // At the end of the eight hours that are played.
    { larder_verification_started_timestamp_seconds: 0, larder_verification_interval_seconds: 3600 },
    { larder_verification_started_timestamp_seconds: 0, larder_verification_interval_seconds: 86_400 },
  ],
  [
    "LarderNotificationsFail",
    { 'larder_notifications_failing{endpoint="ci"}': 1, 'larder_notifications_waiting{endpoint="ci"}': 3 },
    { 'larder_notifications_failing{endpoint="ci"}': 1, 'larder_notifications_waiting{endpoint="ci"}': 0 },
  ],
  [
    "LarderNotificationsLost",
    { 'larder_notifications_given_up{endpoint="ci"}': "0+1", 'larder_notifications_dropped_total{endpoint="ci"}': 0 },
    { 'larder_notifications_given_up{endpoint="ci"}': 7, 'larder_notifications_dropped_total{endpoint="ci"}': 7 },
  ],
  [
    "LarderNotificationsLost",
    { 'larder_notifications_given_up{endpoint="ci"}': 0, 'larder_notifications_dropped_total{endpoint="ci"}': "0+1" },
    { 'larder_notifications_given_up{endpoint="ci"}': "900-1", 'larder_notifications_dropped_total{endpoint="ci"}': 7 },
  ],
  [
    "LarderTracesLost",
    { 'larder_trace_spans_total{result="failed"}': "0+1" },
    { 'larder_trace_spans_total{result="failed"}': 9, 'larder_trace_spans_total{result="sent"}': "0+1" },
  ],
  ["LarderLogIncomplete", { larder_log_lines_dropped_total: "0+1" }, { larder_log_lines_dropped_total: 9 }],
  [
    "LarderMetricsIncomplete",
    { 'larder_metrics_read_failures_total{reader="disk"}': "0+1" },
    { 'larder_metrics_read_failures_total{reader="disk"}': 1 },
  ],
];

function allowance({ left, limit, saidAt }: { left: number; limit: number; saidAt: number }): Series {
  return {
    larder_upstream_allowance_remaining_requests: left,
    larder_upstream_allowance_requests: limit,
    larder_upstream_allowance_timestamp_seconds: saidAt,
    larder_upstream_allowance_window_seconds: 21_600,
  };
}

/** A certificate that expires so many days after the eight hours of these tests. */
function expiry(certificate: string, days: number): Series {
  const seconds = 8 * 3600 + days * 86_400;
  return { [`larder_tls_certificate_expiry_timestamp_seconds{certificate="${certificate}"}`]: seconds };
}

const scrape = requirement("prometheus");
describe.skipIf(!scrape.met)("Prometheus", () => {
  test("scrapes a larder, and takes every series", async () => {
    const prometheus = await startPrometheus([new URL(lab.larder.url).host]);
    try {
      const query = async (text: string) => (await prometheus.query(text))[0]?.value[1];
      const samples = Number(await query("scrape_samples_scraped"));
      const series = (await metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      expect(samples).toBeGreaterThan(100);
      expect(Math.abs(samples - series.length)).toBeLessThan(20);
      expect(await query('sum(larder_http_requests_total{route="manifest"})')).toMatch(/^[1-9]/);
      expect(await query("larder_build_info")).toBe("1");
    } finally {
      await prometheus.stop();
    }
  }, 120_000);
});
