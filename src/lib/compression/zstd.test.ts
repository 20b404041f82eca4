import { expect, test } from "bun:test";
import fc from "fast-check";
import { zstd } from "./zstd.ts";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function pack(bytes: Uint8Array, chunk = 70_000, tasks = 3): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of zstd(chunksOf(bytes, chunk), { level: 3, tasks })) parts.push(part);
  return Buffer.concat(parts);
}

const text = Buffer.from(Array.from({ length: 1_200_000 }, (_, at) => `${at * 7919} `).join(""));

test("what it writes is zstd's, and comes back", async () => {
  for (const length of [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, text.length]) {
    const plain = text.subarray(0, length);
    expect(Buffer.compare(Bun.zstdDecompressSync(await pack(plain)), plain)).toBe(0);
  }
});

test.skipIf(Bun.which("zstd") === null)(
  "zstd's own program reads it, and makes it smaller by a quarter at most",
  async () => {
    const packed = await pack(text);
    const program = Bun.spawnSync(["zstd", "-dc"], { stdin: packed });
    expect(program.exitCode).toBe(0);
    expect(Buffer.compare(program.stdout, text)).toBe(0);
    expect(packed.length).toBeLessThan(Bun.spawnSync(["zstd", "-3c"], { stdin: text }).stdout.length * 1.25);
  },
);

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
    { numRuns: 6 },
  );
});

test("a source that fails, fails it", async () => {
  const failing = async function* () {
    yield text.subarray(0, 9 << 20);
    throw new RangeError("no more");
  };
  const packing = Array.fromAsync(zstd(failing(), { level: 3, tasks: 2 }));
  await expect(packing).rejects.toThrow("no more");
});
