import { expect, test } from "bun:test";
import fc from "fast-check";
import { compareVersions, parseVersion, satisfies } from "./semantic-version.ts";

test.each([
  ["1.33.0", ">=1.19-0", true],
  ["v1.33.1", ">= 1.21.0-0", true],
  ["1.20.9", ">=1.21", false],
  ["1.25.3", ">=1.21.0-0 <1.26.0-0", true],
  ["1.26.0", ">=1.21.0-0,<1.26.0-0", false],
  ["1.2.9", "~1.2.3", true],
  ["1.3.0", "~1.2.3", false],
  ["1.9.0", "^1.2.3", true],
  ["2.0.0", "^1.2.3", false],
  ["0.3.0", "^0.2.1", false],
  ["0.2.9", "^0.2.1", true],
  ["1.2.3", "1.2.x", true],
  ["1.2.3", "1.x", true],
  ["1.2.3", "*", true],
  ["1.2.3", "=1.2.3", true],
  ["1.3.5", "1.2 - 1.3", true],
  ["1.4.0", "1.2 - 1.3", false],
  ["3.0.0", "<2 || >=3", true],
  ["1.2.3", "!=1.2.3", false],
  ["1.2.9", ">1.2", false],
  ["1.33.0-rc.1", ">=1.19", false],
  ["1.33.0-rc.1", ">=1.19-0", true],
  ["nonsense", ">=1", false],
  ["1.0.0", "nonsense", false],
])("%s against %s is %p", (version, constraint, expected) => {
  expect(satisfies(version, constraint)).toBe(expected);
});

test("versions have one order", () => {
  const version = fc.stringMatching(/^v?\d{1,2}(\.\d{1,2}){0,2}(-(rc|beta|0)(\.\d)?)?$/);
  fc.assert(
    fc.property(version, version, (left, right) => {
      const [a, b] = [parseVersion(left), parseVersion(right)];
      if (a === null || b === null) throw new Error("both are versions");
      expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
      expect(compareVersions(a, a)).toBe(0);
    }),
  );
});
