/** deploy/grafana/larder.json: what it is made of, and that a real Prometheus has an answer to each of its questions. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../conformance/content-factory.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { PullThrough } from "../faults/pull-through.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { startPrometheus } from "./prometheus.ts";

type Target = { readonly refId: string; readonly expr: string; readonly datasource: { readonly uid: string } };
type Place = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Place;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
};
type Dashboard = {
  readonly panels: readonly Panel[];
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
};

const dashboard = JSON.parse(
  readFileSync(join(import.meta.dir, "..", "..", "deploy", "grafana", "larder.json"), "utf8"),
) as Dashboard;
const targets = dashboard.panels.flatMap(({ title, targets: of = [] }) => of.map((target) => ({ title, ...target })));

describe("the dashboard", () => {
  test("has panels of Grafana's own alone, in a schema of today, none on another", () => {
    const { panels, schemaVersion } = dashboard;
    expect(schemaVersion).toBeGreaterThanOrEqual(39);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect([...new Set(panels.map(({ type }) => type))].toSorted()).toEqual(["row", "stat", "timeseries"]);
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (const [column, line] of cellsOf(gridPos)) {
        const cell = `${column},${line}`;
        expect([title, taken.get(cell) ?? null]).toEqual([title, null]);
        taken.set(cell, title);
      }
    }
  });

  test("takes its data from where a variable says, and every variable is there", () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    expect(names).toEqual(["datasource", "job", "instance"]);
    for (const { datasource, type } of dashboard.panels) {
      if (type !== "row") expect(datasource?.uid).toBe("${datasource}");
    }
    for (const { expr, datasource, title } of targets) {
      expect(datasource.uid).toBe("${datasource}");
      // Of one job, and of the replicas that somebody has chosen.
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      expect([title, selectors.length > 0]).toEqual([title, true]);
      for (const selector of selectors) expect(selector).toContain('job="$job", instance=~"$instance"');
      for (const [, name = ""] of expr.matchAll(/\$(\w+)/g))
        expect(["job", "instance", "__rate_interval"]).toContain(name);
    }
  });
});

function cellsOf({ x, y, w, h }: Place): readonly (readonly [number, number])[] {
  return Array.from({ length: w * h }, (_, index) => [x + (index % w), y + Math.floor(index / w)] as const);
}

const needed = requirement("prometheus");
describe.skipIf(!needed.met)("Prometheus", () => {
  test("has an answer, and a number, to every question", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-dashboard-"));
    const receiver = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(null, { status: 204 }) });
    const config = join(folder, "larder.yaml");
    const endpoints = [{ name: "ci", url: receiver.url.href }];
    await writeFile(config, JSON.stringify({ notifications: { endpoints } }));
    const lab = await PullThrough.start({
      arguments: ["--config", config, "--tags", "0s", "--https", "127.0.0.1:0"],
      environment: { LARDER_TRACING_ENDPOINT: receiver.url.href },
    });
    const prometheus = await startPrometheus([new URL(lab.larder.url).host]);
    try {
      let round = 0;
      const askAll = async (): Promise<readonly string[]> => {
        await workAll(lab, round++);
        const answers = await Promise.all(targets.map(async ({ expr }) => prometheus.query(plain(expr))));
        const hasNumber = answers.map((samples) => samples.some(({ value }) => Number.isFinite(Number(value[1]))));
        return targets.flatMap(({ title, expr }, at) => (hasNumber[at] === true ? [] : [`${title}: ${expr}`]));
      };
      let empty: readonly string[] = ["all"];
      await until("no panel is empty", async () => (empty = await askAll()).length === 0, 60_000).catch(() => {});
      expect(empty).toEqual([]);
    } finally {
      await prometheus.stop();
      await lab.stop();
      await receiver.stop(true);
      await rm(folder, { recursive: true });
    }
  }, 180_000);
});

/** As Grafana would send it. */
function plain(expr: string): string {
  return expr.replaceAll("$job", "larder").replaceAll("$instance", ".*").replaceAll("$__rate_interval", "20s");
}

/** Something of everything that is counted, and is there from when it was counted first. */
async function workAll(lab: PullThrough, round: number): Promise<void> {
  lab.upstream.headers = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" };
  const { blobs } = lab.addImage(`t${round}`);
  for (let time = 0; time < 2; time++) {
    await lab.manifest(`t${round}`);
    for (const { digest } of blobs) await send("GET", lab.blobUrl(digest));
  }
  lab.upstream.misbehave({ kind: "manifest" }, { kind: "status", status: 503 });
  await lab.manifest(`t${round}`);
  lab.upstream.behave();
  await pushImage(lab.larder.url, "mine", makeImage(), "1");
  await Bun.sleep(500);
}
