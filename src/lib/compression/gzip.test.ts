import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { gzip } from "./gzip.ts";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function pack(bytes: Uint8Array, chunk = 70_000, tasks = 3): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of gzip(chunksOf(bytes, chunk), { level: 6, tasks })) parts.push(part);
  return Buffer.concat(parts);
}

const text = Buffer.from(Array.from({ length: 400_000 }, (_, at) => `${at * 7919} `).join(""));

test("what it writes is gzip's, and comes back", async () => {
  for (const length of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, text.length]) {
    const plain = text.subarray(0, length);
    const packed = await pack(plain);
    expect(Buffer.compare(gunzipSync(packed), plain)).toBe(0);
    const program = Bun.spawnSync(["gzip", "-tv"], { stdin: packed });
    expect(program.exitCode).toBe(0);
  }
});

test("the result depends on the content alone", async () => {
  const once = await pack(text);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1000, max: 3_000_000 }),
      fc.integer({ min: 1, max: 8 }),
      async (chunk, tasks) => {
        expect(Buffer.compare(await pack(text, chunk, tasks), once)).toBe(0);
      },
    ),
    { numRuns: 8 },
  );
});

test("it compresses about as well as gzip -6", async () => {
  const program = Bun.spawnSync(["gzip", "-6c"], { stdin: text });
  expect((await pack(text)).length).toBeLessThan(program.stdout.length * 1.03);
});

test("a source that fails, fails it", async () => {
  const failing = async function* () {
    yield text.subarray(0, 2 << 20);
    throw new RangeError("no more");
  };
  const drain = async () => {
    for await (const part of gzip(failing(), { level: 6, tasks: 4 })) expect(part.length).toBeGreaterThan(0);
  };
  await expect(drain()).rejects.toThrow(RangeError);
});
