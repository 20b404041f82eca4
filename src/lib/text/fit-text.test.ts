import { expect, test } from "bun:test";
import fc from "fast-check";
import { cutMiddle, shortenDigest, wrapText } from "./fit-text.ts";

test("a name that is too long loses its middle, not its tag", () => {
  const name = "registry.example.com/platform/team/service:1.27.3";
  expect([60, 40, 28, 20, 16].map((cells) => cutMiddle(name, cells))).toEqual([
    name,
    "registry.example.com/pla…/service:1.27.3",
    "registry.exa…/service:1.27.3",
    "registry.exa…:1.27.3",
    "registry…:1.27.3",
  ]);
  expect(cutMiddle(name, 20)).toEndWith(":1.27.3");
});

test("whatever the width, the name fits", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.integer({ min: 0, max: 90 }), (text, cells) => {
      const cut = cutMiddle(text, cells);
      expect(cut.length).toBeLessThanOrEqual(Math.max(cells, 0));
      if (text.length <= cells) expect(cut).toBe(text);
      else if (cells > 0) expect(cut).toHaveLength(cells);
    }),
  );
});

test("a digest is whole, or its first twelve digits", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  expect(shortenDigest(digest, 71)).toBe(digest);
  expect(shortenDigest(digest, 70)).toBe("sha256:0123456789ab");
  expect(shortenDigest(digest, 4)).toBe("sha256:0123456789ab");
});

test("text is broken between words, and goes on below the term that it explains", () => {
  expect(wrapText("one two three four", 10)).toBe("one two\nthree four");
  expect(wrapText("  --flag <value>  what it is for, at length", 36)).toBe(
    "  --flag <value>  what it is for, at\n                  length",
  );
  expect(wrapText("a\n\nb", 10)).toBe("a\n\nb");
  expect(wrapText("anything", null)).toBe("anything");
});

test("no line is wider, but for words that are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", ",", " "), maxLength: 9 })),
      fc.integer({ min: 30, max: 90 }),
      (words, cells) => {
        for (const line of wrapText(words.join(" ").trim(), cells).split("\n"))
          expect(line.length).toBeLessThanOrEqual(cells);
      },
    ),
  );
});
