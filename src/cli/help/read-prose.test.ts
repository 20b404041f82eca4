import { expect, test } from "bun:test";
import { readProse } from "./read-prose.ts";

test("broken lines are a paragraph, indented ones stay apart, two blanks part a term from its meaning", () => {
  const text = "One sentence of\ntwo lines:\nand more.\n\nAnother:\n  oci:DIR   a layout\n  a b\nThe end.";
  expect(readProse(text)).toEqual([
    { kind: "paragraph", text: "One sentence of two lines: and more." },
    { kind: "paragraph", text: "Another:" },
    { kind: "item", term: "oci:DIR", meaning: "a layout" },
    { kind: "line", text: "a b" },
    { kind: "paragraph", text: "The end." },
  ]);
  expect(readProse("")).toEqual([]);
});
