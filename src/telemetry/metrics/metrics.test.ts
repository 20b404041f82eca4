import { expect, test } from "bun:test";
import { CounterFamily } from "./counter.ts";
import { EventLoopDelay } from "./event-loop-delay.ts";
import { formatExposition } from "./exposition.ts";
import { HistogramFamily } from "./histogram.ts";
import type { MetricDefinition } from "./metric-family.ts";
import type { Reading } from "./metric-reader.ts";
import { Metrics } from "./metrics.ts";
import { processMetrics } from "./process-metrics.ts";

const SIZE: MetricDefinition = { kind: "gauge", name: "size_bytes", help: "The size", labels: [] };

const textOf = async (metrics: Metrics) => formatExposition(await metrics.read(), "text");

test("a hundred thousand values of a label make no more series than the limit, and none of them is lost", async () => {
  const family = new CounterFamily({ name: "asked_total", help: "Asked", labels: ["name", "code"] }, 50);
  for (let index = 0; index < 100_000; index++) family.of(`hostile-${index}`, "2xx").add();
  family.of("hostile-7", "2xx").add();
  const samples = [...family.samples()];
  expect(samples.length).toBe(51);
  expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(100_001);
  expect(samples.at(-1)).toEqual({ suffix: "", labels: ["other", "other"], le: null, value: 99_950 });
  expect(samples[7]?.value).toBe(2);
});

test("names that break Prometheus' conventions are refused", () => {
  const make = (name: string, labels: readonly string[] = []) => new CounterFamily({ name, help: "x", labels });
  for (const name of ["requests", "Requests_total", "1_total", "a-b_total", "x_count"]) {
    expect(() => make(name)).toThrow(TypeError);
  }
  for (const labels of [["le"], ["a", "a"], ["a b"]]) expect(() => make("x_total", labels)).toThrow(TypeError);
  expect(() => new HistogramFamily({ name: "x_total", help: "x", labels: [] }, [1])).toThrow("_total");
  expect(() => new HistogramFamily({ name: "x_seconds", help: "x", labels: [] }, [1, 1])).toThrow("ascend");
  expect(() => make("x_total", ["a"]).of()).toThrow("0 values for 1 labels");
});

test("a name stands for one metric", () => {
  const metrics = new Metrics();
  metrics.addReader({ name: "store", definitions: [SIZE], read: () => [] });
  expect(() => metrics.addReader({ name: "other", definitions: [SIZE], read: () => [] })).toThrow("size_bytes");
});

test("a reader that fails costs its own metrics alone, and is counted", async () => {
  const metrics = new Metrics();
  metrics.add(new CounterFamily({ name: "starts_total", help: "Starts", labels: [] }));
  metrics.addReader({
    name: "store",
    definitions: [SIZE],
    read: () => {
      throw new Error("no store");
    },
  });
  const text = await textOf(metrics);
  expect(text).toContain("starts_total 0\n");
  expect(text).not.toContain("size_bytes");
  expect(text).toContain('larder_metrics_read_failures_total{reader="store"} 1\n');
});

test("a reader that hangs is waited for no longer than the limit, and never twice at the same time", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly Reading[]>();
  const metrics = new Metrics(5);
  let runs = 0;
  const read = () => {
    runs++;
    return promise;
  };
  metrics.addReader({ name: "disk", definitions: [SIZE], read });
  for (let scrape = 1; scrape <= 3; scrape++) {
    expect(await textOf(metrics)).toContain(`larder_metrics_read_failures_total{reader="disk"} ${scrape}\n`);
  }
  expect(runs).toBe(1);
  resolve([{ metric: SIZE, labels: [], value: 7 }]);
  await promise;
  await Bun.sleep(0);
  expect(await textOf(metrics)).toContain("size_bytes 7\n");
  expect(runs).toBe(2);
});

test("those who read at the same time share the reading", async () => {
  const metrics = new Metrics();
  let runs = 0;
  const read = async () => [{ metric: SIZE, labels: [], value: ++runs }];
  metrics.addReader({ name: "disk", definitions: [SIZE], read });
  const texts = await Promise.all([textOf(metrics), textOf(metrics)]);
  expect(texts[0]).toContain("size_bytes 1\n");
  expect(texts[1]).toBe(texts[0] ?? "");
});

test("a process tells what it takes", async () => {
  const readings = new Map((await processMetrics().read()).map(({ metric, value }) => [metric.name, value]));
  expect(readings.get("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(Math.abs((readings.get("process_start_time_seconds") ?? 0) * 1000 - performance.timeOrigin)).toBeLessThan(1);
  if (process.platform !== "linux") return;
  const resident = readings.get("process_resident_memory_bytes") ?? 0;
  expect(resident).toBeGreaterThan(10e6);
  expect(readings.get("process_virtual_memory_bytes")).toBeGreaterThan(resident);
  expect(readings.get("process_open_fds")).toBeGreaterThan(2);
  expect(readings.get("process_max_fds")).toBeGreaterThan(readings.get("process_open_fds") ?? 0);
});

test("the delay of the event loop is what its timer comes too late by", () => {
  let nowMs = 0;
  let callback = () => {};
  let isEnded = false;
  const after = (_: number, call: () => void) => {
    callback = call;
    return () => {
      isEnded = true;
    };
  };
  const delay = new EventLoopDelay({ elapsed: () => nowMs, after });
  const stop = delay.start();
  for (const lateMs of [0, 3, 47, -1]) {
    nowMs += 500 + lateMs;
    callback();
  }
  const text = formatExposition([delay.family], "text");
  for (const line of ['bucket{le="0.001"} 2', 'bucket{le="0.005"} 3', 'bucket{le="0.05"} 4', "count 4", "sum 0.05"]) {
    expect(text).toContain(`larder_event_loop_delay_seconds_${line}\n`);
  }
  stop();
  expect(isEnded).toBe(true);
});
