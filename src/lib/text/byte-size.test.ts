import { expect, test } from "bun:test";
import { formatByteSize, tryParseByteSize } from "./byte-size.ts";

test("a size is a number with or without a unit", () => {
  const sizes = {
    "4096": 4096,
    "0": 0,
    "500MB": 5e8,
    "10GB": 1e10,
    "10 gib": 10 * 2 ** 30,
    "1.5T": 1.5e12,
    "1Ki": 1024,
  };
  for (const [text, bytes] of Object.entries(sizes)) expect(tryParseByteSize(text)).toBe(bytes);
});

test("what is no size is refused", () => {
  for (const text of ["", "GB", "-1", "10 PB", "1e9", "10GBs", "1.GB", "9".repeat(20)]) {
    expect(tryParseByteSize(text)).toBeNull();
  }
});

test.each([
  [0, "0"],
  [4096, "4096"],
  [1_500, "1.5kB"],
  [10e9, "10GB"],
  [1.5e12, "1.5TB"],
  [2 ** 40, "1099511627776"],
])("%p bytes are written as %p, and read again", (bytes, text) => {
  expect(formatByteSize(bytes)).toBe(text);
  expect(tryParseByteSize(text)).toBe(bytes);
});
