import { describe, expect, test } from "bun:test";
import { constants, gzipSync } from "node:zlib";
import { CompressionError } from "./compression-error.ts";
import { decompress } from "./decompress.ts";

const MIB = 1 << 20;

/** Text, runs and noise, so that every kind of symbol occurs; the same in each run. */
function sample(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const kind = (at >> 14) % 3;
    bytes[at] = kind === 0 ? "the quick brown fox ".charCodeAt(at % 20) : kind === 1 ? 7 : state >>> 24;
  }
  return bytes;
}

function run(command: string[], input: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = Bun.spawnSync(command, { stdin: input as Uint8Array<ArrayBuffer> });
  if (!result.success) throw new Error(`${command.join(" ")}: ${result.stderr.toString()}`);
  return new Uint8Array(result.stdout);
}

async function* chunksOf(bytes: Uint8Array, size = 60_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const decode = (bytes: Uint8Array, chunk?: number) =>
  collect(decompress(chunksOf(bytes, chunk), { maxBytes: 100 * MIB }));

const PROGRAMS: readonly (readonly [string, string[]])[] = [
  ["gzip", ["gzip", "-c"]],
  ["zstd", ["zstd", "-qc"]],
  ["xz", ["xz", "-c"]],
  ["bzip2", ["bzip2", "-c"]],
];

for (const [name, command] of PROGRAMS) {
  const program = command[0] ?? name;
  describe.skipIf(Bun.which(program) === null)(`what ${program} wrote`, () => {
    test("comes back, whatever its length and the chunks that it comes in", async () => {
      for (const length of [0, 1, 900_000, 3 * MIB + 17]) {
        const plain = sample(length);
        const packed = run(command, plain);
        expect(Buffer.compare(await decode(packed), plain)).toBe(0);
        if (length <= 1) expect(Buffer.compare(await decode(packed, 1), plain)).toBe(0);
      }
    });

    test("comes back whole from two streams one after the other", async () => {
      const plain = sample(100_000);
      const packed = run(command, plain);
      const twice = await decode(Buffer.concat([packed, packed]));
      expect(Buffer.compare(twice, Buffer.concat([plain, plain]))).toBe(0);
    });

    test("is refused when it was cut short, wherever", async () => {
      const packed = run(command, sample(200_000));
      for (const kept of [11, 40, packed.length >> 1, packed.length - 5, packed.length - 1]) {
        await expect(decode(packed.subarray(0, kept))).rejects.toThrow(CompressionError);
      }
    });

    test("is refused when a byte of it was changed", async () => {
      const packed = run(command, sample(200_000));
      for (const at of [packed.length >> 2, packed.length >> 1, packed.length - 3]) {
        const bad = packed.slice();
        bad[at] = (bad[at] ?? 0) ^ 0x10;
        // zstd leaves flips in raw data to the checksum at the end, which its program writes by default.
        await expect(decode(bad)).rejects.toThrow(CompressionError);
      }
    });

    test("is refused when it grows past the limit, with little memory used", async () => {
      const bomb = run(command, new Uint8Array(64 * MIB));
      const before = process.memoryUsage.rss();
      const reading = collect(decompress(chunksOf(bomb), { maxBytes: 8 * MIB }));
      await expect(reading).rejects.toThrow(/more than the 8388608 bytes/);
      expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB);
    });
  });
}

test("what is not compressed passes through", async () => {
  for (const plain of [new Uint8Array(), new Uint8Array([0x1f]), sample(100_000)]) {
    expect(Buffer.compare(await decode(plain), plain)).toBe(0);
  }
});

test("text that begins like a bzip2 stream is text", async () => {
  const text = new TextEncoder().encode("BZh9 is how bzip2 streams begin");
  expect(await decode(text)).toEqual(Buffer.from(text));
});

test("junk behind a gzip member is refused", async () => {
  await expect(decode(Buffer.concat([gzipSync("a"), Buffer.from("junk")]))).rejects.toThrow(CompressionError);
});

test("a zstd stream that wants more memory than 128 MiB is refused", async () => {
  const hugeWindow = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x04, 0xa8, 0x01, 0x00, 0x00, 0, 0, 0);
  await expect(decode(hugeWindow)).rejects.toThrow(CompressionError);
});

test("a failure of the source is what the reader sees", async () => {
  for (const start of [gzipSync(sample(100_000)), sample(100)]) {
    const failing = async function* () {
      yield start.subarray(0, 50);
      throw new RangeError("the disk is on fire");
    };
    await expect(collect(decompress(failing(), { maxBytes: MIB }))).rejects.toThrow(RangeError);
  }
});

test("a reader that leaves closes the source and leaves nothing locked", async () => {
  for (const [, command] of PROGRAMS.filter(([, [program]]) => Bun.which(program ?? "") !== null)) {
    // Of a short stream, the decoder may be at its end already.
    const short = run(command, sample(1000));
    for await (const chunk of decompress(chunksOf(short), { maxBytes: MIB })) if (chunk.length > 0) break;
    const packed = run(command, sample(4 * MIB));
    let isClosed = false;
    const source = async function* () {
      try {
        yield* chunksOf(packed);
      } finally {
        isClosed = true;
      }
    };
    for await (const chunk of decompress(source(), { maxBytes: 100 * MIB })) if (chunk.length > 0) break;
    expect(isClosed).toBe(true);
    expect((await decode(packed)).length).toBe(4 * MIB);
  }
});

test("nothing is read ahead of a slow reader", async () => {
  const packed = gzipSync(sample(8 * MIB), { level: constants.Z_BEST_SPEED });
  let read = 0;
  const source = async function* () {
    for await (const chunk of chunksOf(packed, 16 * 1024)) {
      read += chunk.length;
      yield chunk;
    }
  };
  const reader = decompress(source(), { maxBytes: 100 * MIB });
  await reader.next();
  await Bun.sleep(20);
  expect(read).toBeLessThan(packed.length / 4);
  await reader.return(undefined);
});
