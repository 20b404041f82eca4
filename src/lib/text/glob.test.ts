import { expect, test } from "bun:test";
import fc from "fast-check";
import { compileGlob } from "./glob.ts";

test.each([
  ["a/b", "a/b", true],
  ["a/b", "a/bc", false],
  ["*", "a", true],
  ["*", "a/b", false],
  ["**", "a/b", true],
  ["**", "", true],
  ["a/*", "a/b", true],
  ["a/*", "a", false],
  ["a/*", "a/", true],
  ["a/*", "a/b/c", false],
  ["a/**", "a/b/c", true],
  ["a/**", "a", false],
  ["**/c", "a/b/c", true],
  ["**/c", "c", false],
  ["a*c", "abc", true],
  ["a*c", "ac", true],
  ["a*c", "a/c", false],
  ["a**c", "a/c", true],
  ["*-*-*", "a-b-c", true],
  ["*-*-*", "a-b", false],
  ["*/x/**", "q.io/x/y/z", true],
  ["*/x/**", "q/r/x/y", false],
  ["v1.*", "v1.2", true],
  ["v1.*", "v1x2", false],
  ["(a+)+", "aaa", false],
  ["a***", "a/b", true],
])("%p of %p: %p", (pattern, text, expected) => {
  expect(compileGlob(pattern)(text)).toBe(expected);
});

test("it says what a regular expression says", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "**"), maxLength: 6 });
  fc.assert(
    fc.property(pattern, letters, (glob, text) => {
      const source = glob.replaceAll(/\*+/g, (stars) => (stars.length > 1 ? ".*" : "[^/]*"));
      expect(compileGlob(glob)(text)).toBe(new RegExp(`^${source}$`, "s").test(text));
    }),
    { numRuns: 3000 },
  );
});

test("a pattern that makes others try for ever takes no time", () => {
  const glob = compileGlob(`${"*a".repeat(60)}b`);
  expect(glob("a".repeat(255))).toBe(false);
  expect(compileGlob(`${"**a".repeat(60)}b`)("a/".repeat(127))).toBe(false);
});
