import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { digestOf } from "../conformance/content-factory.ts";
import { PacedReader } from "./paced-reader.ts";
import { PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const READERS = 100;
const MIB = 1024 * 1024;
const BLOB_BYTES = 128 * MIB;
/** A piece on its way to each reader, in larder's hands and in the runtime's, and the garbage that they leave. */
const MIB_PER_READER = 3;

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterAll(() => lab.stop());

/** What the process has in memory, in MiB. */
function residentMib(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

test.skipIf(!existsSync("/proc/self/status"))(
  `${READERS} slow readers of one cold blob cost larder little memory`,
  async () => {
    const bytes = new Uint8Array(BLOB_BYTES);
    for (let at = 0; at < BLOB_BYTES; at += MIB) crypto.getRandomValues(bytes.subarray(at, at + 64 * 1024));
    const blob = { bytes, digest: digestOf(bytes) };
    lab.upstream.add(blob);
    const before = residentMib(lab.larder.pid);
    const readers = await Promise.all(
      Array.from({ length: READERS }, () => PacedReader.open(lab.blobUrl(blob.digest))),
    );
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, residentMib(lab.larder.pid))), 50);
    try {
      await Promise.all(readers.map((reader) => reader.readTo(1)));
      await until("the blob is kept", async () => (await lab.files("uploads")).length === 0, 20_000);
      await Promise.all(readers.map((reader) => reader.readTo(MIB)));
      const [one, ...rest] = readers;
      for (const reader of rest) reader.leave();
      expect(digestOf((await one?.rest()) ?? new Uint8Array())).toBe(blob.digest);
    } finally {
      clearInterval(watch);
    }
    expect(lab.upstream.count({ reference: blob.digest })).toBe(1);
    expect(most - before).toBeLessThan(READERS * MIB_PER_READER);
  },
  60_000,
);
