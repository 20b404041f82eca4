import { expect, test } from "bun:test";
import { formatDuration, tryParseDuration } from "./duration.ts";

test.each([
  ["300ms", 300],
  ["30s", 30_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["7d", 604_800_000],
  ["0s", 0],
  ["5", null],
  ["m", null],
  ["-5m", null],
  ["5 m", null],
  ["", null],
] as const)("%p is %p ms", (text, expected) => expect(tryParseDuration(text)).toBe(expected));

test.each([
  [0, "0s"],
  [1, "1ms"],
  [90_000, "1m30s"],
  [86_400_000, "1d"],
  [90_061_001, "1d1h1m1s1ms"],
])("%p ms are written as %p, and read again", (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
  expect(tryParseDuration(text)).toBe(milliseconds);
});
