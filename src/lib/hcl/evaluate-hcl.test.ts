import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { evaluateHcl, type HclScope } from "./evaluate-hcl.ts";
import { HclError } from "./hcl-syntax.ts";
import type { HclValue } from "./hcl-value.ts";
import { parseHcl } from "./parse-hcl.ts";

const NAMES = new Map<string, HclValue>(
  Object.entries({ TAG: "1.2", N: 3, ON: true, L: ["a", "b"], M: { x: "y" }, EMPTY: "" }),
);
const SCOPE: HclScope = { name: (name) => NAMES.get(name), call: () => undefined };

function evaluate(text: string) {
  const attribute = parseHcl(`x = ${text}\n`).attributes.get("x");
  return attribute === undefined ? undefined : evaluateHcl(attribute.value, SCOPE);
}

describe("HCL", () => {
  test.each([
    ['"a:${TAG}"', "a:1.2"],
    ['"${TAG}"', "1.2"],
    ['"$${TAG} %%{x} \\"q\\" \\u0041"', '${TAG} %{x} "q" A'],
    ['ON ? "yes" : "no"', "yes"],
    ['TAG == "1.2" && N > 2', true],
    ['EMPTY != "" ? EMPTY : "fallback"', "fallback"],
    ["1 + 2 * 3", 7],
    ["!ON || -N == -3", true],
    ['[1, "b", // c\n TAG,\n]', [1, "b", "1.2"]],
    ['{a = 1, "b": TAG, (TAG) = 2}', { a: 1, b: "1.2", "1.2": 2 }],
    ["M.x", "y"],
    ['M["x"]', "y"],
    ["L[1]", "b"],
    ["<<EOF\nFROM a:${TAG}\nEOF", "FROM a:1.2\n"],
    ["<<-EOF\n    two\n      four\n    EOF", "two\n  four\n"],
    ['join("-", concat(L, ["c"]))', "a-b-c"],
    ['lower(replace("A/B", "/", "-"))', "a-b"],
    ['format("%s:%s", "x", TAG)', "x:1.2"],
    ['coalesce("", TAG)', "1.2"],
    ['"a${UNKNOWN}"', undefined],
    ["[for x in L : upper(x)]", undefined],
    ["unknown(TAG)", undefined],
    ["L[*].x", undefined],
  ] as [string, never][])("%s is worth %j", (text, value) => {
    expect(evaluate(text)).toEqual(value);
  });

  test("has blocks with labels, comments and attributes, each with its line", () => {
    const body = parseHcl('# c\nvariable "A" {\n  default = "x" // d\n}\n/* e\n*/ job two "three" { n { m = 1 } }\n');
    expect(body.blocks.map(({ type, labels, line }) => [type, labels, line])).toEqual([
      ["variable", ["A"], 2],
      ["job", ["two", "three"], 6],
    ]);
    expect(body.blocks[0]?.body.attributes.get("default")?.line).toBe(3);
    expect(body.blocks[1]?.body.blocks[0]?.body.attributes.has("m")).toBe(true);
  });

  test.each([
    ["a = ", 1],
    ["a {\n b = 1\n", 3],
    ['a = "x', 1],
    ["a = [1 2]", 1],
    ["\n\n%", 3],
    ["a = <<E\nx", 2],
  ])("%j is broken at line %i", (text, line) => {
    try {
      parseHcl(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(HclError);
      expect((error as HclError).line).toBe(line);
    }
  });

  test("of any text is read or refused, and nothing else", () => {
    const piece = fc.constantFrom(
      "a",
      "=",
      "{",
      "}",
      "[",
      "]",
      "(",
      ")",
      '"',
      "${",
      "?",
      ":",
      ",",
      "\n",
      "<<E\n",
      "E\n",
      "for ",
      "&&",
      "/*",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (parts) => {
        try {
          parseHcl(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(HclError);
        }
      }),
    );
    for (const deep of [
      "a = " + "[".repeat(100_000),
      "a = " + "(".repeat(100_000),
      "a {".repeat(100_000),
      "a = " + "!".repeat(100_000),
    ]) {
      expect(() => parseHcl(deep)).toThrow(HclError);
    }
  });
});
