import { expect, test } from "bun:test";
import fc from "fast-check";
import { hashOfToken, isTokenText, looksLikeToken, newTokenId, newTokenText } from "./token-text.ts";

test("a token is known by its form and its checksum, and no two are alike", () => {
  const all = Array.from({ length: 1000 }, newTokenText);
  expect(new Set(all).size).toBe(1000);
  for (const text of all) {
    expect(text).toMatch(/^larder_[0-9A-Za-z]{36}$/);
    expect(isTokenText(text) && looksLikeToken(text)).toBe(true);
  }
});

test("one that was cut, lengthened or mistyped anywhere is none", () => {
  const text = newTokenText();
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.constantFrom("0", "A", "Z", "a", "z", "_", " ", "\u00e9"),
      (at, character) => {
        const typed = text.slice(0, at) + character + text.slice(at + 1);
        expect(isTokenText(typed)).toBe(typed === text);
        expect(isTokenText(text.slice(0, at))).toBe(false);
        expect(isTokenText(`${text}${character}`)).toBe(false);
      },
    ),
  );
  expect(isTokenText("")).toBe(false);
});

test("an id is in capitals, as no name is; what is kept of a token is its hash", () => {
  expect(newTokenId()).toMatch(/^T[0-9A-Z]{9}$/);
  expect(hashOfToken("larder_x")).toBe("7e052868b7d10adcbc311022bb1176b5b61f82df3bc5e239eeaf068abc1018ac");
});
