import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { inflate } from "./inflate.ts";

const LIMITS = { anywayBytes: 1_000_000, ratio: 20 };

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield await Promise.resolve(bytes.subarray(at, at + 1000));
}

async function inflatedBytes(bytes: Uint8Array): Promise<number> {
  let length = 0;
  for await (const piece of inflate(pieces(bytes), "the archive a.tar", LIMITS)) length += piece.length;
  return length;
}

test("what grows as images do comes through, and what is small however much it grows", async () => {
  expect(await inflatedBytes(gzipSync(crypto.getRandomValues(new Uint8Array(60_000))))).toBe(60_000);
  expect(await inflatedBytes(gzipSync(new Uint8Array(900_000)))).toBe(900_000);
  expect(await inflatedBytes(new Uint8Array(2_000_000))).toBe(2_000_000);
});

test("a decompression bomb is refused long before it is all there", async () => {
  const bomb = gzipSync(new Uint8Array(50_000_000));
  await expect(inflatedBytes(bomb)).rejects.toThrow(
    /^the archive a.tar cannot be read: \d+ bytes of it grew to 1\d{6} and more/,
  );
});
