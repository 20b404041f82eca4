import { expect, test } from "bun:test";
import { outputHas, outputMatches } from "./expected-output.ts";

test.each([
  ["a\nb\n", "a\nb\n"],
  ["a  b", "a b\n\n"],
  ["…", ""],
  ["…", "a\nb"],
  ["a\n…\nc", "a\nc"],
  ["a\n…\nc", "a\nb\nc\nb\nc"],
  ["…\nc\n…", "a\nc\nd"],
  ["size … MB, …", "size 1.5 MB, now"],
  ["sha256:… (x)", "sha256:ab (x)"],
  ["", ""],
])("%j shows what %j says", (expected, actual) => {
  expect(outputMatches(expected, actual)).toBe(true);
});

test.each([
  ["a", "b"],
  ["a", "a\nb"],
  ["a\nb", "a"],
  ["a", "xa"],
  ["a\n…", "b\na"],
  ["a\n…\nc", "a\nc\nd"],
  ["a.b", "aXb"],
  ["", "a"],
  ["a", ""],
  ["size … MB", "size 1.5 kB"],
])("%j does not show what %j says", (expected, actual) => {
  expect(outputMatches(expected, actual)).toBe(false);
});

test("what goes on printing has said it, whatever else it says", () => {
  expect(outputHas("ready\n\n  at …\n", "log\nready\n\n  at home\nmore")).toBe(true);
  expect(outputHas("ready", "log\nalready")).toBe(false);
});
