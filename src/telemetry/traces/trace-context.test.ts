import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatTraceParent, parseTraceParent } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const id = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .filter((all) => all.some((byte) => byte !== 0))
    .map((all) => Buffer.from(all).toString("hex"));

test("what is printed is parsed back", () => {
  fc.assert(
    fc.property(id(16), id(8), (traceId, spanId) => {
      const parent = parseTraceParent(formatTraceParent(traceId, spanId), null);
      expect(parent).toEqual({ traceId, spanId, isSampled: true, state: "" });
    }),
  );
});

test("nothing makes it throw, and what it gives is always by the rules", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary", maxLength: 700 }), (parent, state) => {
      const parsed = parseTraceParent(parent, state);
      if (parsed !== null) expect(parsed.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(parseTraceParent(`00-${TRACE}-${SPAN}-01`, state)?.state.length ?? 0).toBeLessThanOrEqual(512);
    }),
  );
});

describe("traceparent", () => {
  for (const [text, isSampled] of [
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    [` 00-${TRACE}-${SPAN}-01 `, true],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, true],
    [`cc-${TRACE}-${SPAN}-01`, true],
  ] as const) {
    test(`${text} is believed`, () =>
      expect(parseTraceParent(text, null)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled, state: "" }));
  }
  for (const text of [
    "",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01.`,
    `cc-${TRACE}-${SPAN}-01-${"x".repeat(10_000)}`,
  ]) {
    test(`${JSON.stringify(text.slice(0, 70))} is not`, () => expect(parseTraceParent(text, null)).toBeNull());
  }
});

describe("tracestate", () => {
  const stateOf = (text: string) => parseTraceParent(`00-${TRACE}-${SPAN}-01`, text)?.state;
  for (const [text, kept] of [
    ["congo=t61rcWkgMzE", "congo=t61rcWkgMzE"],
    ["rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE,", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    ["fw529a3039@dt=FfQA", "fw529a3039@dt=FfQA"],
    ["a=1,a=2", ""],
    ["A=1", ""],
    ["a", ""],
    ["a=b=c", ""],
    ["a=1\nb=2", ""],
    [Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(), ""],
    [`a=${"x".repeat(600)}`, ""],
  ] as const) {
    test(`${JSON.stringify(text.slice(0, 50))} is passed on as ${JSON.stringify(kept)}`, () =>
      expect(stateOf(text)).toBe(kept));
  }
});
