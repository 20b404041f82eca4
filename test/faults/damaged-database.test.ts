/** A database that is damaged or lost: larder starts all the same, serves what it can, writes nothing, and says how to go on. */
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBlob, makeImage } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { runLarder } from "./larder-command.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");
const IMAGES = 12;

let folder: string;
let larder: LarderProcess;
afterEach(async () => {
  await larder.stop();
  await rm(folder, { recursive: true });
});

const database = () => join(folder, "larder.db");

/** Garbage in pages of the middle. */
function scribble(fromShare: number, toShare: number): void {
  const bytes = readFileSync(database());
  const page = (share: number) => Math.max(1, Math.floor((bytes.byteLength / 4096) * share)) * 4096;
  bytes.fill(0xa5, page(fromShare), page(toShare));
  writeFileSync(database(), bytes);
}

const DAMAGES: Readonly<Record<string, () => void>> = {
  gone: () => renameSync(database(), join(folder, "moved")),
  empty: () => truncateSync(database(), 0),
  "no database": () => writeFileSync(database(), "x".repeat(10_000)),
  "half a file": () => truncateSync(database(), Math.floor(readFileSync(database()).byteLength / 8192) * 4096),
  "garbage in the middle": () => scribble(0.3, 0.6),
  "garbage from the first table on": () => scribble(0, 1),
};

async function blobFiles(): Promise<readonly string[]> {
  return (await readdir(join(folder, "blobs"), { recursive: true })).sort();
}

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`${name}: pulls go on, writes are refused with the way back, nothing is collected, and a rebuild ends it`, async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-test-damaged-"));
    const images = Array.from({ length: IMAGES }, () => makeImage());
    larder = await startLarder({ dataFolder: folder });
    for (const [index, image] of images.entries()) await pushImage(larder.url, `app/${index}`, image, "1");
    await larder.stop();
    damage();
    const files = await blobFiles();
    for (let run = 0; run < 2; run++) {
      larder = await startLarder({ dataFolder: folder, arguments: ["--gc-grace", "0s"] });
      for (const [index, { manifest, blobs }] of images.entries()) {
        expect((await send("GET", manifestUrl(larder.url, `app/${index}`, "1"))).bytes).toEqual(manifest.bytes);
        const [blob] = blobs;
        if (blob === undefined) throw new Error("an image without blobs");
        expect((await send("GET", blobUrl(larder.url, `app/${index}`, blob.digest))).bytes).toEqual(blob.bytes);
      }
      const upload = await send("POST", `${larder.url}/v2/app/0/blobs/uploads/?digest=${makeBlob().digest}`);
      expectError(upload, 503, "UNAVAILABLE");
      expect(upload.text).toContain("larder rebuild");
      expectError(await send("DELETE", manifestUrl(larder.url, "app/0", "1")), 503, "UNAVAILABLE");
      expect((await runLarder(larder.url, "gc", "--grace", "0s", "--set-aside")).status).toBe(1);
      expect((await runLarder(larder.url, "stats")).output).toContain("nothing is written");
      expect(await blobFiles()).toEqual(files);
      await until("it is told", () => larder.output().includes("larder rebuild"));
      await (run === 0 ? larder.stop() : larder.kill());
    }
    const rebuild = Bun.spawnSync([PROGRAM, "rebuild", "--data", folder]);
    expect(rebuild.stdout.toString()).toContain(`Brought back: ${IMAGES} tags`);
    larder = await startLarder({ dataFolder: folder });
    for (const [index, image] of images.entries()) {
      expect((await send("GET", manifestUrl(larder.url, `app/${index}`, "1"))).bytes).toEqual(image.manifest.bytes);
    }
    expect((await readdir(folder)).filter((one) => one.includes("interim"))).toEqual([]);
    await pushImage(larder.url, "app/after", makeImage(), "1");
    expect((await runLarder(larder.url, "gc", "--grace", "0s")).status).toBe(0);
    expect(await blobFiles()).toEqual(expect.arrayContaining([...files]));
  }, 60_000);
}

describe("without a history", () => {
  test("a lost database leaves nothing to serve, and no empty one takes its place", async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-test-damaged-"));
    larder = await startLarder({ dataFolder: folder });
    await pushImage(larder.url, "app/x", makeImage(), "1");
    await larder.stop();
    rmSync(database());
    rmSync(join(folder, "snapshots"), { recursive: true });
    const files = await blobFiles();
    larder = await startLarder({ dataFolder: folder });
    expect((await send("GET", manifestUrl(larder.url, "app/x", "1"))).status).toBe(404);
    expectError(await send("POST", `${larder.url}/v2/app/x/blobs/uploads/`), 503, "UNAVAILABLE");
    await larder.stop();
    expect(await readdir(folder)).not.toContain("larder.db");
    expect(await blobFiles()).toEqual(files);
  });
});
