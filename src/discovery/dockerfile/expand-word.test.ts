import { expect, test } from "bun:test";
import { expandWord, splitWords } from "./expand-word.ts";

const VALUES: Readonly<Record<string, string>> = { V: "1.2.3", A: "a", EMPTY: "", P: "foo/bar/foo" };

// What BuildKit v0.23 makes of these.
test.each([
  ["${V%.*}", "1.2"],
  ["${V%%.*}", "1"],
  ["${V#*.}", "2.3"],
  ["${V##*.}", "3"],
  ["${V#x}", "1.2.3"],
  ["${V/./-}", "1-2.3"],
  ["${V//./-}", "1-2-3"],
  ["${P//f?o/${A}}", "a/bar/a"],
  ["${P%/*o}", "foo/bar"],
  ["${V%\\.?}", "1.2"],
  ["${B:-x}${EMPTY:-y}${EMPTY-z}", "xy"],
  ["${A:+set}${B:+no}", "set"],
  ["${B:-${A}}/x", "a/x"],
  ["\"$A\"'$A'", "a$A"],
  ["\\$A", "$A"],
  ["${A:?needed}", "a"],
  ["${V%.}", "1.2.3"],
])("%s becomes %s", (word, expected) => {
  expect(expandWord(word, (name) => VALUES[name] ?? null)).toEqual({ text: expected, missing: [] });
});

test.each([
  ["$B", "B"],
  ["${B#x}", "B"],
  ["${B:?x}", "B"],
  ["${A:0:1}", "A:0:1"],
])("%s lacks %s", (word, name) => {
  expect(expandWord(word, (known) => VALUES[known] ?? null).missing).toEqual([name]);
});

test("words are cut at white space that no quotes hold", () => {
  expect(splitWords(`A="x y"  B=c\\ d\t'e f'`)).toEqual([`A="x y"`, "B=c\\ d", "'e f'"]);
});
