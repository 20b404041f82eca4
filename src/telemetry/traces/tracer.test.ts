import { describe, expect, test } from "bun:test";
import { beginSpan, currentSpan, inSpan, within } from "./current-span.ts";
import type { Sampling } from "./sampler.ts";
import type { EndedSpan, Span } from "./span.ts";
import { Tracer } from "./tracer.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const ALL: Sampling = { share: 1, followsClients: true, perSecond: 1000 };

function open(sampling: Partial<Sampling> = {}) {
  const ended: EndedSpan[] = [];
  let elapsedMs = 0;
  let nowMs = 1_000_000;
  const tracer = new Tracer({ now: () => nowMs, elapsed: () => elapsedMs });
  tracer.replace({ sampling: { ...ALL, ...sampling }, sink: { add: (span) => void ended.push(span) } });
  const begin = (headers: Record<string, string> = {}) => tracer.begin(new Headers(headers), "GET");
  const passTime = (ms: number) => (elapsedMs += ms);
  return { tracer, ended, begin, passTime, setClock: (ms: number) => (nowMs = ms) };
}

const asked = (flags: string, trace = TRACE) => ({ traceparent: `00-${trace}-${PARENT}-${flags}`, tracestate: "a=1" });
const begun = (span: Span | null): Span => span ?? expect.unreachable();

describe("which requests are traced", () => {
  test("none, as long as nobody is told", () => {
    const { tracer, begin } = open();
    tracer.replace(null);
    expect([tracer.isOn, begin(asked("01"))]).toEqual([false, null]);
  });

  test("all, a share, or none of those whose client says nothing", () => {
    const count = (share: number) => {
      const { begin } = open({ share, perSecond: 99_999 });
      return Array.from({ length: 2000 }, () => begin()).filter((span) => span !== null).length;
    };
    expect([count(1), count(0)]).toEqual([2000, 0]);
    // Ten standard deviations around a tenth.
    expect(count(0.1)).toBeGreaterThan(66);
    expect(count(0.1)).toBeLessThan(334);
  });

  test("those whose client decided so, whatever the share is", () => {
    expect(open({ share: 0 }).begin(asked("01"))?.trace.traceId).toBe(TRACE);
    expect(open({ share: 1 }).begin(asked("00"))).toBeNull();
  });

  test("by the trace's id, the same for all who see it, where clients are not followed", () => {
    const { begin } = open({ share: 0.5, followsClients: false });
    const [low, high] = [`${"1".repeat(19)}${"3".repeat(13)}`, `${"1".repeat(19)}${"d".repeat(13)}`];
    expect([begin(asked("00", low)) !== null, begin(asked("01", high)) !== null]).toEqual([true, false]);
  });

  test("only so many a second that strangers ask for, and as many of larder's own choice", () => {
    const { begin, passTime } = open({ perSecond: 10 });
    const count = (headers: Record<string, string>) =>
      Array.from({ length: 100 }, () => begin(headers)).filter((span) => span !== null).length;
    expect([count(asked("01")), count({})]).toEqual([10, 10]);
    passTime(500);
    expect([count(asked("01")), count({})]).toEqual([5, 5]);
    passTime(3_600_000);
    expect(count(asked("01"))).toBe(10);
  });
});

test("spans know their parents, through awaits and timers, and each other's traces stay apart", async () => {
  const { begin, ended } = open();
  const work = async (span: Span, name: string) => {
    await within(span, () => inSpan(name, {}, () => inSpan(`${name} below`, {}, () => Bun.sleep(2))));
    span.end();
  };
  const [first, second] = [begun(begin(asked("01"))), begun(begin())];
  await Promise.all([work(first, "a"), work(second, "b")]);
  const find = (name: string) => ended.find((span) => span.name === name) ?? expect.unreachable();
  expect(find("a below").parentSpanId).toBe(find("a").spanId);
  expect(find("a").parentSpanId).toBe(first.spanId);
  expect([find("a").traceId, find("a").traceState]).toEqual([TRACE, "a=1"]);
  const root = ended.find(({ spanId }) => spanId === first.spanId);
  expect([root?.parentSpanId, root?.isParentRemote]).toEqual([PARENT, true]);
  expect(find("b").traceId).toBe(second.trace.traceId);
  expect(find("b").traceId).not.toBe(TRACE);
  expect(currentSpan()).toBeNull();
});

test("a timer that a request left behind belongs to nobody once its span has ended", async () => {
  const { begin, ended } = open();
  const span = begun(begin());
  const later = Promise.withResolvers<Span | null>();
  within(span, () => setTimeout(() => later.resolve(beginSpan("later")), 5));
  span.end();
  expect(await later.promise).toBeNull();
  expect(ended).toHaveLength(1);
});

test("what fails says why, and fails all the same", async () => {
  const { begin, ended } = open();
  const fault = Object.assign(new Error("it is not there"), { code: "ENOENT" });
  await expect(within(begun(begin()), () => inSpan("read", {}, () => Promise.reject(fault)))).rejects.toBe(fault);
  expect(ended).toMatchObject([{ failure: "it is not there", attributes: { "error.type": "ENOENT" } }]);
});

test("one request makes so many spans at most, and texts are cut", async () => {
  const { begin, ended } = open();
  const span = begun(begin());
  span.set("text", "x".repeat(10_000));
  for (let event = 0; event < 100; event++) span.note("event", { text: "x".repeat(10_000) });
  await within(span, async () => {
    for (let count = 0; count < 1000; count++) await inSpan("one", {}, async () => {});
  });
  span.end();
  span.end();
  expect([ended.length, span.trace.leftOut]).toEqual([128, 873]);
  expect(JSON.stringify(ended.at(-1)).length).toBeLessThan(12_000);
});

test("no span ends before it began, though the clock is set back meanwhile", () => {
  const { begin, ended, passTime, setClock } = open();
  const span = begun(begin());
  setClock(0);
  passTime(12.5);
  span.end();
  expect(ended).toMatchObject([{ startMs: 1_000_000, endMs: 1_000_012.5 }]);
});
