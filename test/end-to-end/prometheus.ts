import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../debian-packages.ts";
import { until } from "../until.ts";

/** A sample that a query came to: its labels, and its value as Prometheus writes it. */
export type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };

/** A Prometheus that scrapes larders every second. */
export type RunningPrometheus = {
  /** What a query comes to now. Throws with what Prometheus says of it. */
  query(text: string): Promise<readonly Sample[]>;
  stop(): Promise<void>;
};

/** Starts one for these targets (`127.0.0.1:5000`), and waits until it has scraped each. */
export async function startPrometheus(targets: readonly string[]): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), "larder-prometheus-"));
  const config = join(folder, "prometheus.yml");
  const jobs = [{ job_name: "larder", scrape_interval: "1s", static_configs: [{ targets }] }];
  await writeFile(config, JSON.stringify({ scrape_configs: jobs }));
  const address = `127.0.0.1:${freePort()}`;
  const flags = [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${address}`];
  const child = Bun.spawn([findProgram("prometheus") ?? "", ...flags], { stdout: "ignore", stderr: "ignore" });
  const prometheus: RunningPrometheus = {
    query: async (text) => {
      const response = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(text)}`);
      if (!response.ok) throw new Error(`${text}: ${await response.text()}`);
      return ((await response.json()) as { data: { result: Sample[] } }).data.result;
    },
    stop: async () => {
      child.kill();
      await child.exited;
      await rm(folder, { recursive: true });
    },
  };
  const isReady = async () => {
    const up = await prometheus.query("up == 1").catch(() => []);
    return up.length === targets.length;
  };
  await until("Prometheus has scraped larder", isReady, 60_000);
  return prometheus;
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
