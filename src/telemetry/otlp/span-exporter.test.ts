import { expect, jest, test } from "bun:test";
import type { EndedSpan } from "../traces/span.ts";
import type { Sent } from "./otlp-sender.ts";
import { SpanExporter } from "./span-exporter.ts";

const SPAN: EndedSpan = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentSpanId: "",
  isParentRemote: false,
  traceState: "",
  name: "one",
  kind: "internal",
  startMs: 1,
  endMs: 2,
  attributes: {},
  events: [],
  failure: null,
};
const TAKEN: Sent = { kind: "taken", rejected: 0, why: "" };
const failed = (mayRepeat = true, retryAfterMs: number | null = 0): Sent => ({
  kind: "failed",
  failure: "it answered 503",
  mayRepeat,
  retryAfterMs,
});

function open(answer: (attempt: number, signal: AbortSignal) => Sent | Promise<Sent>) {
  const totals = { sent: 0, dropped: 0, failed: 0 };
  const sizes: number[] = [];
  const lines: string[] = [];
  const exporter = new SpanExporter({
    sender: {
      send: async (body, signal) => {
        sizes.push(JSON.parse(body).resourceSpans[0].scopeSpans[0].spans.length);
        return answer(sizes.length, signal);
      },
    },
    resource: { attributes: {}, version: "" },
    shownUrl: "http://collector:4318/v1/traces",
    totals,
    log: { write: (level, message) => void lines.push(`${level}: ${message}`) },
    clock: { now: () => 0, elapsed: () => 0 },
  });
  const add = (count: number) => {
    for (let index = 0; index < count; index++) exporter.add(SPAN);
  };
  return { exporter, totals, sizes, lines, add };
}

test("spans go in batches, and the last of them at the stop", async () => {
  const { exporter, totals, sizes, add } = open(() => TAKEN);
  add(1100);
  await exporter.stop();
  expect(sizes).toEqual([512, 512, 76]);
  expect(totals).toEqual({ sent: 1100, dropped: 0, failed: 0 });
  exporter.add(SPAN);
  expect(totals.dropped).toBe(1);
});

test("few of them wait some seconds for others", async () => {
  jest.useFakeTimers();
  try {
    const { totals, sizes, add } = open(() => TAKEN);
    add(3);
    jest.advanceTimersByTime(4999);
    expect(sizes).toEqual([]);
    jest.advanceTimersByTime(1);
    await Promise.resolve();
    expect(sizes).toEqual([3]);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(totals.sent).toBe(3);
  } finally {
    jest.useRealTimers();
  }
});

test("what is not taken is sent again, whole, and its end is one line of the log", async () => {
  const { exporter, totals, sizes, lines, add } = open((attempt) => (attempt < 4 ? failed() : TAKEN));
  add(512);
  while (totals.sent === 0) await Bun.sleep(1);
  expect(sizes).toEqual([512, 512, 512, 512]);
  expect(totals).toEqual({ sent: 512, dropped: 0, failed: 0 });
  expect(lines).toEqual([
    "warning: traces are not taken; those that find no room are lost",
    "info: traces are taken again",
  ]);
  await exporter.stop();
});

test("what is refused for good, or five times, is lost and counted", async () => {
  const refused = open(() => failed(false));
  refused.add(512);
  while (refused.totals.failed === 0) await Bun.sleep(1);
  expect([refused.sizes.length, refused.totals.failed, refused.exporter.isFailing]).toEqual([1, 512, true]);
  await refused.exporter.stop();
  const away = open(() => failed());
  away.add(512);
  while (away.totals.failed === 0) await Bun.sleep(1);
  expect([away.sizes.length, away.totals.failed]).toEqual([5, 512]);
  await away.exporter.stop();
});

test("while somebody hangs, so many wait and no more; a stop ends it within seconds", async () => {
  const hanging = open((_, signal) => {
    const over = Promise.withResolvers<Sent>();
    signal.addEventListener("abort", () => over.resolve(failed()));
    return over.promise;
  });
  hanging.add(512);
  await Promise.resolve();
  hanging.add(5000);
  expect(hanging.totals.dropped).toBe(904);
  await hanging.exporter.stop();
  expect(hanging.totals).toEqual({ sent: 0, dropped: 5000, failed: 512 });
}, 20_000);

test("what was taken in part is counted so", async () => {
  const { exporter, totals, lines, add } = open(() => ({ kind: "taken", rejected: 5, why: "too old" }));
  add(512);
  while (totals.sent === 0) await Bun.sleep(1);
  expect(totals).toEqual({ sent: 507, dropped: 0, failed: 5 });
  expect(lines).toEqual(["warning: spans were not kept by who takes traces"]);
  await exporter.stop();
});
