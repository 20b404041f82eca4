import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseChunkRange, parseRangeHeader } from "./byte-range.ts";

test.each([
  ["bytes=500-1499", 10_000, { start: 500, end: 1500 }],
  ["bytes=500-", 10_000, { start: 500, end: 10_000 }],
  ["bytes=-500", 10_000, { start: 9500, end: 10_000 }],
  ["bytes=-20000", 10_000, { start: 0, end: 10_000 }],
  ["bytes=9000-99999", 10_000, { start: 9000, end: 10_000 }],
  ["bytes=0-0", 1, { start: 0, end: 1 }],
  ["bytes=500-0", 10_000, "unsatisfiable"],
  ["bytes=10000-", 10_000, "unsatisfiable"],
  ["bytes=-0", 10_000, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=0-1,3-4", 10_000, null],
  ["items=0-1", 10_000, null],
  ["bytes=-", 10_000, null],
  [null, 10_000, null],
] as const)("Range %p of %p bytes is %p", (header, size, expected) => {
  expect(parseRangeHeader(header, size)).toEqual(expected);
});

test("a satisfiable range lies inside of the content and holds at least a byte", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(1_000_000), (noise, a, b, size) => {
      for (const header of [noise, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`]) {
        const range = parseRangeHeader(header, size);
        if (range === null || range === "unsatisfiable") continue;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThan(range.start);
        expect(range.end).toBeLessThanOrEqual(size);
      }
    }),
  );
});

test.each([
  ["0-99", { start: 0, end: 100 }],
  ["bytes 5-5/100", { start: 5, end: 6 }],
  ["bytes=5-9", { start: 5, end: 10 }],
  ["9-5", null],
  ["abc", null],
  ["1-", null],
] as const)("a chunk's Content-Range %p is %p", (header, expected) => {
  expect(parseChunkRange(header)).toEqual(expected);
});
