import { expect, test } from "bun:test";
import fc from "fast-check";
import { safeHref, safeText } from "./safe-text.ts";

test("what cannot be seen is written out", () => {
  expect(safeText("a\u202Eb")).toBe("a⟨U+202E⟩b");
  expect(safeText("\u001b[31mred")).toBe("⟨U+001B⟩[31mred");
  expect(safeText("x\0y\u200bz\ud800")).toBe("x⟨U+0000⟩y⟨U+200B⟩z⟨U+D800⟩");
  expect(safeText("tag\u{e0041}")).toBe("tag⟨U+E0041⟩");
});

test("what people write stays as it is", () => {
  for (const text of [
    "docker.io/library/nginx:1.27",
    "a line\n\tand another",
    "שלום",
    "日本語",
    "👩‍🚀".replace("\u200d", ""),
  ])
    expect(safeText(text)).toBe(text);
});

test("a text is cut at its limit, between characters, and says how much is missing", () => {
  expect(safeText("abcdef", 4)).toBe("abcd… (2 more characters)");
  expect(safeText("abc🚀def", 4)).toBe("abc… (5 more characters)");
});

test("nothing hidden is left in any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(safeText(text)).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
      expect(safeText(text).replace(/[\t\n]/g, "")).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test("only addresses of the web are links", () => {
  expect(safeHref("https://example.org/a?b")).toBe("https://example.org/a?b");
  for (const text of ["javascript:alert(1)", "data:text/html,x", "//example.org", "https://me:secret@example.org/", ""])
    expect(safeHref(text)).toBeNull();
});
