/** A database that somebody replaced by an empty one, or put back: the files that it does not know are nobody's to delete. */
import { afterEach, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, readdir, rename, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Image, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, pushImage, send } from "../conformance/registry-client.ts";
import { runLarder } from "./larder-command.ts";

const IMAGES = 8;
const LONG_AGO = 1_000_000_000;

let larder: LarderProcess;
let folder: string;
afterEach(async () => {
  await larder.stop();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  larder = await startLarder({ dataFolder: folder, arguments: ["--gc-grace", "1s"] });
}

async function filesIn(...path: readonly string[]): Promise<readonly string[]> {
  const entries = await readdir(join(folder, ...path), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** Puts another database in the place of larder's, and takes away what would tell that it is another. */
async function replaceDatabase(path: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.startsWith("larder.db-")) await rm(join(folder, name));
  await copyFile(path, join(folder, "larder.db"));
  await rm(join(folder, "store.json"));
}

/** A larder that has images, stopped, with files that look old; its database is `larder.db.away`, an empty one in its place. */
async function loseDatabase(): Promise<readonly Image[]> {
  folder = await mkdtemp(join(tmpdir(), "larder-test-lost-"));
  await start();
  const images = Array.from({ length: IMAGES }, () => makeImage());
  for (const [index, image] of images.entries()) await pushImage(larder.url, `app/${index}`, image, "1");
  await larder.stop();
  for (const file of await filesIn("blobs")) await utimes(file, LONG_AGO, LONG_AGO);
  await rename(join(folder, "larder.db"), join(folder, "larder.db.away"));
  const empty = await mkdtemp(join(tmpdir(), "larder-test-empty-"));
  await (await startLarder({ dataFolder: empty })).stop();
  await replaceDatabase(join(empty, "larder.db"));
  await rm(empty, { recursive: true });
  return images;
}

describe("with an empty database in the place of its own", () => {
  test("a collection deletes nothing and says why, and all is served once the database is back", async () => {
    const images = await loseDatabase();
    const files = await filesIn("blobs");
    await start();
    for (const command of [["gc"], ["gc", "--grace", "0s"]]) {
      const { status, errors } = await runLarder(larder.url, ...command);
      expect(errors).toContain(`${files.length} of ${files.length} files have no record`);
      expect(status).toBe(1);
    }
    expect((await runLarder(larder.url, "stats")).output).toContain("nothing is collected");
    expect(await filesIn("blobs")).toEqual(files);
    expect(await filesIn("aside")).toEqual([]);
    await larder.stop();
    await replaceDatabase(join(folder, "larder.db.away"));
    await start();
    expect((await runLarder(larder.url, "gc", "--grace", "0s")).status).toBe(0);
    await expectWhole(images);
  });

  test("what somebody sets aside all the same is counted, and comes back with the database", async () => {
    const images = await loseDatabase();
    const files = await filesIn("blobs");
    await start();
    const { status, output } = await runLarder(larder.url, "gc", "--set-aside");
    expect(output).toContain(`${files.length} files without a record set aside`);
    expect(status).toBe(0);
    expect(await filesIn("aside")).toHaveLength(files.length);
    expect((await runLarder(larder.url, "gc", "--aside")).output).not.toContain("deleted");
    expect((await runLarder(larder.url, "stats")).output).toContain(`set aside: ${files.length} files`);
    await larder.stop();
    await replaceDatabase(join(folder, "larder.db.away"));
    await start();
    expect((await runLarder(larder.url, "gc")).output).toContain(`${files.length} files brought back`);
    await expectWhole(images);
  });
});

async function expectWhole(images: readonly Image[]): Promise<void> {
  for (const [index, { blobs }] of images.entries()) {
    for (const { digest, bytes } of blobs) {
      expect((await send("GET", blobUrl(larder.url, `app/${index}`, digest))).bytes).toEqual(bytes);
    }
  }
}
