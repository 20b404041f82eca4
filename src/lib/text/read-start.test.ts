import { expect, test } from "bun:test";
import { readStart } from "./read-start.ts";

async function* chunks(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === "string" ? new TextEncoder().encode(text) : text;
  throw new Error("read to its end");
}

test("a body is read no further than its start", async () => {
  expect(await readStart(chunks("abc", "def", "ghi"), 4)).toBe("abcdef");
  expect(await readStart(null, 4)).toBe("");
  await expect(readStart(chunks("abc"), 4)).rejects.toThrow("read to its end");
});

test("a character that two chunks share is whole", async () => {
  expect(await readStart(chunks(Uint8Array.of(0xc3), Uint8Array.of(0xa4), "xxxx"), 3)).toBe("äxxxx");
});
