import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseChunkRange, parseRangeHeader } from "./byte-range.ts";

const SIZE = 10_000;

test.each([
  ["bytes=500-1499", "500-1500"],
  ["bytes=500-", "500-10000"],
  ["bytes=-500", "9500-10000"],
  ["bytes=-20000", "0-10000"],
  ["bytes=9000-99999", "9000-10000"],
  ["BYTES=0-0", "0-1"],
  [" bytes = 0 - 1 ", "0-2"],
  ["bytes=0-18446744073709551616", "0-10000"],
  [`bytes=0-${"9".repeat(40)}`, "0-10000"],
  [`bytes=${"0".repeat(20)}5-${"0".repeat(30)}6`, "5-7"],
  ["bytes=0-9,20-29", "0-10 20-30"],
  ["bytes=20-29, 0-9\t,-1", "20-30 0-10 9999-10000"],
  ["bytes=,0-9,,20-29,", "0-10 20-30"],
  ["bytes=0-9,10-19", "0-10 10-20"],
  ["bytes=0-9,5-14,100-109", "0-10 5-15 100-110"],
  ["bytes=0-9,10000-,-0", "0-10"],
  ["bytes=5000-,0-4999", "5000-10000 0-5000"],
])("Range %p of 10000 bytes is %p", (header, expected) => {
  const ranges = parseRangeHeader(header, SIZE);
  const shown = Array.isArray(ranges) ? ranges.map(({ start, end }) => `${start}-${end}`).join(" ") : ranges;
  expect(shown).toBe(expected);
});

test.each([
  "bytes=10000-",
  "bytes=-0",
  "bytes=10000-,-0,99999-100000",
  `bytes=${"9".repeat(40)}-`,
  "bytes=10000-,10001-",
])("%p is outside of the content", (header) => {
  expect(parseRangeHeader(header, SIZE)).toBe("unsatisfiable");
});

test.each([
  ["none", null],
  ["another unit", "items=0-1"],
  ["no ranges", "bytes"],
  ["no ranges", "bytes="],
  ["no ranges", "bytes=,,"],
  ["not well-formed", "bytes=-"],
  ["not well-formed", "bytes=0-1,x"],
  ["not well-formed", "bytes=0-1-2"],
  ["not well-formed", "bytes=0x0-1"],
  ["backwards", "bytes=500-0"],
  ["backwards", "bytes=0-1,500-0"],
  ["backwards", "bytes=18446744073709551617-18446744073709551616"],
  ["more than the content", "bytes=0-,0-"],
  ["more than two that overlap", "bytes=0-9,0-9,0-9"],
  ["more than two that overlap", "bytes=0-9,5-14,100-109,105-114"],
  ["too many", `bytes=${Array.from({ length: 1025 }, (_, at) => `${9 * at}-${9 * at}`).join(",")}`],
  ["too many, though none is within", `bytes=${Array.from({ length: 1025 }, () => "99999-").join(",")}`],
  ["too long a list", `bytes=0-0${",".repeat(100_000)}`],
])("%s: all of it is asked for", (_why, header) => {
  expect(parseRangeHeader(header, SIZE)).toBeNull();
});

test("1024 ranges are answered, since containers/storage asks for so many", () => {
  const header = `bytes=${Array.from({ length: 1024 }, (_, at) => `${9 * at}-${9 * at}`).join(",")}`;
  expect(parseRangeHeader(header, SIZE)).toHaveLength(1024);
});

test("empty content has no ranges", () => {
  for (const header of ["bytes=0-", "bytes=0-0", "bytes=-5"]) expect(parseRangeHeader(header, 0)).toBeNull();
});

/** What RFC 9110, section 14.1.2 says of a list of ranges, at full length; bounds left out. */
function modelOf(specs: readonly (readonly [bigint | null, bigint | null])[], size: bigint) {
  const least = (a: bigint, b: bigint) => (a < b ? a : b);
  if (specs.some(([first, last]) => (first === null ? last === null : last !== null && last < first))) return null;
  return specs.flatMap(([first, last]) => {
    if (first === null) {
      const suffix = least(last ?? 0n, size);
      return suffix === 0n ? [] : [[size - suffix, size]];
    }
    return first >= size ? [] : [[first, least(last ?? size, size - 1n) + 1n]];
  });
}

test("what is asked for is what the specification says", () => {
  const position = fc.option(fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(0n, 2n ** 80n)), { nil: null, freq: 4 });
  const spec = fc.tuple(position, position);
  const list = fc.array(spec, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      list,
      fc.constantFrom(",", ", ", " ,\t", ",,"),
      fc.integer({ min: 1, max: 50 }),
      (specs, comma, size) => {
        const header = `bytes=${specs.map(([first, last]) => `${first ?? ""}-${last ?? ""}`).join(comma)}`;
        const expected = modelOf(specs, BigInt(size));
        const found = parseRangeHeader(header, size);
        if (expected === null) return found === null;
        if (expected.length === 0) return found === "unsatisfiable";
        const shown = Array.isArray(found) ? found.map(({ start, end }) => [BigInt(start), BigInt(end)]) : found;
        if (shown !== null) return Bun.deepEquals(shown, expected);
        // Refused: then it would have been more than the whole, or much of it twice.
        const bytes = expected.reduce((sum, [start = 0n, end = 0n]) => sum + end - start, 0n);
        return expected.length > 1 && (bytes > BigInt(size) || expected.length > 2);
      },
    ),
    { numRuns: 5000 },
  );
});

test("no header makes it fail, or say what is not within the content", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[bytes=0-9, -]*$/));
  fc.assert(
    fc.property(text, fc.nat(1_000_000), (noise, size) => {
      for (const header of [noise, `bytes=${noise}`]) {
        const ranges = parseRangeHeader(header, size);
        if (!Array.isArray(ranges)) continue;
        for (const { start, end } of ranges) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(size);
        }
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
