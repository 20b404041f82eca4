import { expect, test } from "bun:test";
import { median, medianOf } from "./stats.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([30, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 30])).toBe(3);
  expect(median([7])).toBe(7);
  expect(medianOf([{ ms: 5 }, { ms: 1 }, { ms: 3 }], ({ ms }) => ms)).toBe(3);
});

test("there is no median of nothing", () => expect(() => median([])).toThrow("no values"));
