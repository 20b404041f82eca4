import { expect, test } from "bun:test";
import fc from "fast-check";
import { substituteVariables } from "./variable-substitution.ts";

const VALUES = new Map([
  ["A", "one"],
  ["EMPTY", ""],
]);

test.each([
  ["$A-${A}", "one-one", []],
  ["${B:-x}${EMPTY:-y}${EMPTY-z}", "xy", []],
  ["${B:-${A}}", "one", []],
  ["${B:-${C:-deep}}/x", "deep/x", []],
  ["${A:+set}${EMPTY:+no}${EMPTY+yes}", "setyes", []],
  ["$B/${C}", "/", ["B", "C"]],
  ["${A?needed}${D:?needed}", "one", ["D"]],
  ["$$A and $5 and $", "$A and $5 and $", []],
  ["${unclosed", "${unclosed", []],
] as [string, string, string[]][])("%s becomes %s", (text, expected, missing) => {
  expect(substituteVariables(text, VALUES)).toEqual({ text: expected, missing });
});

test("text without dollars stays as it is, and any text comes to an end", () => {
  fc.assert(
    fc.property(
      fc.string(),
      (text) => substituteVariables(text.replaceAll("$", ""), VALUES).text === text.replaceAll("$", ""),
    ),
  );
  fc.assert(
    fc.property(
      fc.stringMatching(/^[${}:\-A-C]{0,40}$/),
      (text) => typeof substituteVariables(text, VALUES).text === "string",
    ),
  );
  expect(substituteVariables("${A:-".repeat(10_000), VALUES).missing).toEqual([]);
});
