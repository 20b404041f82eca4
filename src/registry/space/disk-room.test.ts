import { expect, test } from "bun:test";
import { parseDigest } from "../../oci/digest.ts";
import type { LogLevel } from "../../telemetry/log.ts";
import { DiskRoom } from "./disk-room.ts";
import type { SpaceLimits } from "./space-limits.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const MB = 1e6;

/** A disk of 100 MB with 50 MB of cached images and 5 MB of other things, of which what is evicted goes. */
function makeRoom(limits: SpaceLimits, isOffline = false) {
  const lines: { readonly level: LogLevel; readonly message: string }[] = [];
  const asked: number[] = [];
  let cachedBytes = 50 * MB;
  const room = new DiskRoom({
    limits: () => limits,
    statistics: { totals: async () => ({ blobs: 1, blobBytes: cachedBytes }) as never },
    otherBytes: async () => 5 * MB,
    disk: async () => ({ freeBytes: 95 * MB - cachedBytes, sizeBytes: 100 * MB }),
    evictor: {
      protect: () => () => {},
      evict: async (bytes) => {
        asked.push(bytes);
        const gone = Math.min(bytes, cachedBytes);
        cachedBytes -= gone;
        return { images: gone === 0 ? 0 : 1, bytes: gone, isExhausted: cachedBytes === 0, problem: null };
      },
    },
    isOffline: () => isOffline,
    log: { write: (level, message) => void lines.push({ level, message }) },
    elapsed: () => 0,
  });
  return { room, lines, asked };
}

test("what comes first after the start is said, and once, before anything goes", async () => {
  const { room, lines, asked } = makeRoom({ maxBytes: 30 * MB, keepFree: { bytes: 0 } });
  await room.keep();
  expect(asked).toHaveLength(1);
  expect(lines).toEqual([{ level: "warning", message: expect.stringContaining("space is short") as string }]);
  await room.reserve(DIGEST, 20 * MB);
  expect(asked).toHaveLength(2);
  expect(lines).toHaveLength(1);
});

test("where there is room nothing is said and nothing goes", async () => {
  const { room, lines, asked } = makeRoom({ maxBytes: null, keepFree: { share: 0.05 } });
  await room.keep();
  expect([lines, asked]).toEqual([[], []]);
});

test("nothing goes for a limit that cannot be kept without any image either: it is told", async () => {
  const impossible: readonly SpaceLimits[] = [
    { maxBytes: null, keepFree: { bytes: 101 * MB } },
    { maxBytes: 5 * MB, keepFree: { bytes: 0 } },
    { maxBytes: 1000, keepFree: null },
  ];
  for (const limits of impossible) {
    const { room, lines, asked } = makeRoom(limits);
    await room.keep();
    await room.keep();
    expect(room.reserve(DIGEST, 1)).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(asked).toEqual([]);
    expect(lines).toEqual([{ level: "warning", message: expect.stringContaining("so nothing is evicted") as string }]);
    expect(room.problem).toContain(limits.maxBytes === null ? "keepFree" : "maxSize");
  }
});

test("offline nothing goes, and it is told", async () => {
  const { room, asked } = makeRoom({ maxBytes: 10 * MB, keepFree: null }, true);
  await room.keep();
  expect(asked).toEqual([]);
  expect(room.problem).toContain("offline");
});
