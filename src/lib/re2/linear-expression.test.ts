import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ExpressionError } from "./expression-tree.ts";
import { LinearExpression } from "./linear-expression.ts";

function all(pattern: string, text: string): string[] {
  return new LinearExpression(pattern).execAll(text).map(([from, to]) => text.slice(from, to));
}

describe("an expression", () => {
  // What Go's regexp finds in the same texts.
  test.each([
    ["\\d+", "v1.22", ["1", "22"]],
    ["a*", "baac", ["", "aa", ""]],
    ["a|ab", "ab", ["a"]],
    ["a+?", "aa", ["a", "a"]],
    ["a{2,3}?", "aaaa", ["aa", "aa"]],
    ["(?i)äb", "ÄB", ["ÄB"]],
    ["(?i:A)b", "abAB", ["ab"]],
    ["(?i)[k-s]+|(?i:\u03c3)", "\u212a\u017fS \u03c2", ["\u212a\u017fS", "\u03c2"]],
    ["[^a-z\\d]+", "ab1:-c", [":-"]],
    ["[[:alpha:]_-]+", "1ab-_2", ["ab-_"]],
    ["[]a]+", "x]a", ["]a"]],
    ["\\p{Greek}+|\\pN", "aβγ1", ["βγ", "1"]],
    ["^b|c$", "bc", ["b", "c"]],
    ["(?m)^b$", "a\nb\nc", ["b"]],
    ["a.c", "a\nc", []],
    ["(?s)a.c", "a\nc", ["a\nc"]],
    ["\\bb\\b", "ab b", ["b"]],
    ["\\Qa.b\\E+", "a.bb aab", ["a.bb"]],
    ["\\x41\\x{1F600}", "A😀", ["A😀"]],
    [".", "😀a", ["😀", "a"]],
    ["(?U)a+", "aa", ["a", "a"]],
    ["x{1000}", "x".repeat(2000), ["x".repeat(1000), "x".repeat(1000)]],
  ])("%s finds in %p what Go finds", (pattern, text, expected) => {
    expect(all(pattern, text)).toEqual(expected);
  });

  test("tells where its groups are, and those that took no part", () => {
    const found = new LinearExpression("(?P<host>[^/]+)/(?:(x)|(y))");
    expect(found.groupNames).toEqual(["", "host", "", ""]);
    const match = found.exec("ab/y") ?? [];
    expect([match.slice(0, 4), match[4] ?? -1, match.slice(6)]).toEqual([[0, 4, 0, 2], -1, [3, 4]]);
  });

  test("sets the groups of what takes nothing, and may be repeated, once", () => {
    expect(new LinearExpression("(b*)*").exec("a")).toEqual([0, 0, 0, 0]);
    expect(new LinearExpression("(?U:(a*))+").exec("a")).toEqual([0, 0, 0, 0]);
    expect(new LinearExpression("(a){2,}").exec("aaa")).toEqual([0, 3, 2, 3]);
  });

  test.each([
    "{2}",
    "a|{2}",
    "(?=a)",
    "(?<!a)b",
    "(a)\\1",
    "(",
    ")",
    "a**",
    "*",
    "[",
    "[z-a]",
    "a{2,1}",
    "a{1001}",
    "(?P<a-b>a)",
    "(?P<a>a)(?P<a>b)",
    "\\",
    "\\8",
    "[[:no:]]",
    "((a{1000}){1000})",
  ])("%s is refused, as RE2 refuses it", (pattern) =>
    expect(() => new LinearExpression(pattern)).toThrow(ExpressionError),
  );

  test("agrees with the runtime's own wherever both know the syntax", () => {
    const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "(a|b)", "(?:ab)", "(b*)");
    const piece = fc
      .tuple(atom, fc.constantFrom("", "", "*", "+", "?", "*?", "+?", "??", "{1,2}"))
      .map(([a, b]) => a + b);
    const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[ab1\n]{0,8}$/), (expression, text) => {
        const expected = new RegExp(expression).exec(text);
        const found = new LinearExpression(expression).exec(text);
        expect(found === null ? null : [found[0], found[1]]).toEqual(
          expected === null ? null : [expected.index, expected.index + expected[0].length],
        );
      }),
    );
  });

  test("takes no longer than the text is long, whatever the expression", () => {
    let steps = 0;
    const count = (more: number) => (steps += more);
    for (const pattern of ["^(a+)+$", "^(a|a)*$", "(a*)*b", "(.*)(.*)(.*)(.*)c"]) {
      steps = 0;
      expect(new LinearExpression(pattern, count).exec(`${"a".repeat(2_000)}!`)).toBeNull();
      expect(steps).toBeLessThan(2_000 * 60);
    }
  });

  test("is given up when whoever counts its steps says so", () => {
    const stop = () => {
      throw new Error("enough");
    };
    expect(() => new LinearExpression("x*y", stop).exec("x".repeat(10_000))).toThrow("enough");
  });
});
