/** Backups of a larder that goes on: whole at one moment, incremental, never whole when interrupted; and restored. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshName, type Image, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { runLarder } from "./larder-command.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");

let larder: LarderProcess;
let folder: string;
beforeAll(async () => {
  larder = await startLarder({ arguments: ["--gc-grace", "30s"] });
  folder = await mkdtemp(join(tmpdir(), "larder-backup-"));
});
afterAll(async () => {
  await larder.stop();
  await rm(folder, { recursive: true });
});

const backup = (...argv: readonly string[]) => runLarder(larder.url, "backup", ...argv);

/** What runs without a server. */
async function run(...argv: readonly string[]): Promise<{ status: number; output: string }> {
  const child = Bun.spawn([PROGRAM, ...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const said = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { status: await child.exited, output: said.join("") };
}

async function push(name: string, tag: string): Promise<Image> {
  const image = makeImage();
  await pushImage(larder.url, name, image, tag);
  return image;
}

/** Tags of a store whose manifest, or a blob that this names, is not recorded. */
function brokenTags(path: string): readonly unknown[] {
  const database = new Database(path, { readonly: true });
  const broken = database
    .query(
      `SELECT t.repository, t.name FROM tag t WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.digest = t.manifest)
         OR EXISTS (SELECT 1 FROM manifest_reference f WHERE f.manifest = t.manifest
           AND NOT EXISTS (SELECT 1 FROM repository_blob b WHERE b.repository = t.repository AND b.digest = f.digest))`,
    )
    .all();
  database.close();
  return broken;
}

async function expectServed(dataFolder: string, images: ReadonlyMap<string, Image>): Promise<void> {
  const restored = await startLarder({ dataFolder });
  try {
    for (const [at, { manifest, blobs }] of images) {
      const [name = "", tag = ""] = at.split(":");
      expect((await send("GET", manifestUrl(restored.url, name, tag))).bytes).toEqual(manifest.bytes);
      for (const { digest, bytes } of blobs) {
        expect((await send("GET", blobUrl(restored.url, name, digest))).bytes).toEqual(bytes);
      }
    }
  } finally {
    await restored.stop();
  }
}

test("while images are pushed, deleted and collected, every tag of every copy is whole, and what was acknowledged is there", async () => {
  const kept = new Map<string, Image>();
  const ending = new AbortController();
  const churn = async (): Promise<void> => {
    for (let index = 0; !ending.signal.aborted; index++) {
      const name = freshName("churn");
      const image = await push(name, "1");
      if (index % 2 === 0) await send("DELETE", manifestUrl(larder.url, name, image.manifest.digest));
      if (index % 5 === 0) await runLarder(larder.url, "gc");
    }
  };
  const churning = Promise.all([churn(), churn()]);
  // Waited for below; that it fails before then must not end the run.
  churning.catch(() => {});
  for (let round = 0; round < 4; round++) {
    for (let index = 0; index < 3; index++) {
      const name = freshName("kept");
      kept.set(`${name}:1`, await push(name, "1"));
    }
    const [into, archive] = [join(folder, "live"), join(folder, `live-${round}.tar`)];
    const [first, second] = await Promise.all([backup(into, ...(round % 2 === 0 ? [] : ["--copy"])), backup(archive)]);
    expect(first.errors).toBe("");
    expect([first.status, second.status]).toEqual([0, 0]);
    expect(await run("backup", "--check", into)).toMatchObject({ status: 0 });
    expect(await run("backup", "--check", archive)).toMatchObject({ status: 0 });
    expect(brokenTags(join(into, "larder.db"))).toEqual([]);
  }
  ending.abort();
  await churning;
  const restored = join(folder, "restored");
  expect(await run("restore", join(folder, "live-3.tar"), "--data", restored)).toMatchObject({ status: 0 });
  expect(brokenTags(join(restored, "larder.db"))).toEqual([]);
  await expectServed(restored, kept);
  // A folder can be served as it is; then it is no longer a backup that another run may write over.
  await expectServed(join(folder, "live"), kept);
  const again = await backup(join(folder, "live"));
  expect(again).toMatchObject({ status: 1 });
  expect(again.errors).toContain("a larder has run on");
  expect((await readdir(join(larder.dataFolder, "backup"))).length).toBe(0);
}, 120_000);

test("a second run copies what is new, and takes away what is gone, or not", async () => {
  const into = join(folder, "again");
  const name = freshName();
  const gone = await push(name, "gone");
  expect((await backup(into, "--copy")).status).toBe(0);
  await send("DELETE", manifestUrl(larder.url, name, gone.manifest.digest));
  await runLarder(larder.url, "gc");
  await push(name, "new");
  const kept = JSON.parse((await backup(into, "--copy", "--keep", "--json")).output) as Record<string, number>;
  expect(kept).toMatchObject({ status: "whole", removed: 0, linked: 0 });
  expect(kept["copied"]).toBeWithin(1, 4);
  const exact = JSON.parse((await backup(into, "--copy", "--json")).output) as Record<string, number>;
  expect(exact).toMatchObject({ copied: 0 });
  expect(exact["removed"]).toBeGreaterThan(0);
  expect(await run("backup", "--check", into)).toMatchObject({ status: 0 });
});

describe("what is not whole is told from what is", () => {
  test("an archive that is cut off, or has other bytes; a folder that lacks a file", async () => {
    await push(freshName(), "1");
    const archive = join(folder, "damaged.tar");
    await backup(archive);
    const { size } = await stat(archive);
    const bytes = await readFile(archive);
    for (const cut of [0, 511, 5000, Math.floor(size / 2), size - 2000]) {
      await writeFile(archive, bytes);
      await truncate(archive, cut);
      expect(await run("backup", "--check", archive)).toMatchObject({ status: 1 });
      const target = join(folder, `cut-${cut}`);
      expect(await run("restore", archive, "--data", target)).toMatchObject({ status: 1 });
      expect(await readdir(target)).not.toContain("larder.db");
    }
    const into = join(folder, "damaged");
    await backup(into, "--copy");
    const [shard = ""] = await readdir(join(into, "blobs", "sha256"));
    const [blob = ""] = await readdir(join(into, "blobs", "sha256", shard));
    const path = join(into, "blobs", "sha256", shard, blob);
    await writeFile(path, "other bytes");
    const flipped = await run("backup", "--check", into);
    expect(flipped).toMatchObject({ status: 1 });
    expect(flipped.output).toContain(blob);
    await rm(path);
    expect(await run("backup", "--check", into)).toMatchObject({ status: 1 });
    const restored = await run("restore", into, "--data", join(folder, "lacking"));
    expect(restored).toMatchObject({ status: 1 });
    expect(restored.output).toContain(`sha256:${blob} is missing`);
    // The next run brings it again.
    expect((await backup(into, "--copy")).status).toBe(0);
    expect(await run("backup", "--check", into)).toMatchObject({ status: 0 });
  }, 60_000);

  test("a folder of something else is not written to, and a data folder not restored into", async () => {
    const other = join(folder, "other");
    await mkdir(other);
    await writeFile(join(other, "precious"), "x");
    expect(await backup(other)).toMatchObject({ status: 1, errors: expect.stringContaining("not empty") as string });
    expect(await backup(larder.dataFolder)).toMatchObject({ status: 1 });
    await backup(join(folder, "small.tar"));
    for (const target of [other, larder.dataFolder])
      expect(await run("restore", join(folder, "small.tar"), "--data", target)).toMatchObject({ status: 1 });
    expect(await readdir(other)).toEqual(["precious"]);
    expect(await run("backup", "--check", join(folder, "absent"))).toMatchObject({ status: 1 });
    expect(await run("backup", "--check", other)).toMatchObject({ status: 1 });
  });

  test("a blob that is damaged in the store is not copied, and named", async () => {
    const own = await startLarder();
    try {
      const image = makeImage();
      await pushImage(own.url, "app", image, "1");
      const [, layer] = image.blobs;
      const hex = (layer?.digest ?? "").replace("sha256:", "");
      const path = join(own.dataFolder, "blobs", "sha256", hex.slice(0, 2), hex);
      await writeFile(path, "x".repeat(layer?.bytes.byteLength ?? 0));
      const into = join(folder, "lacks");
      const made = await runLarder(own.url, "backup", "--copy", into);
      expect(made).toMatchObject({ status: 1 });
      expect(made.output).toContain(hex);
      expect(await run("backup", "--check", into)).toMatchObject({ status: 1 });
      // In a tar, what has been written cannot be taken back.
      const archive = join(folder, "lacks.tar");
      expect(await runLarder(own.url, "backup", archive)).toMatchObject({ status: 1 });
      expect(await stat(archive).catch(() => null)).toBeNull();
      await runLarder(own.url, "verify");
      expect(await runLarder(own.url, "backup", archive)).toMatchObject({ status: 1 });
      expect(await run("backup", "--check", archive)).toMatchObject({ status: 1 });
    } finally {
      await own.stop();
    }
  });
});

test.each(["folder", "archive", "restore"])(
  "killed at any time, a %s is never taken for whole, and another run ends it",
  async (what) => {
    for (let index = 0; index < 20; index++) await push(freshName(), "1");
    await backup(join(folder, "source.tar"));
    for (let round = 0; round < 8; round++) {
      const target = join(folder, `killed-${what}-${round % 2}${what === "archive" ? ".tar" : ""}`);
      const argv =
        what === "restore"
          ? ["restore", join(folder, "source.tar"), "--data", target]
          : ["backup", "--copy", target, "--registry", new URL(larder.url).host];
      const child = Bun.spawn([PROGRAM, ...argv], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
      await Bun.sleep(120 + round * 40);
      child.kill("SIGKILL");
      await child.exited;
      if (what === "restore") {
        const names = await readdir(target).catch((): string[] => []);
        if (!names.includes("larder.db")) continue;
        expect(brokenTags(join(target, "larder.db"))).toEqual([]);
        await rm(target, { recursive: true });
      } else {
        const names: readonly string[] = what === "folder" ? await readdir(target).catch(() => []) : [];
        const isThere = what === "folder" ? names.includes("backup.json") : await Bun.file(target).exists();
        expect((await run("backup", "--check", target)).status).toBe(isThere ? 0 : 1);
      }
    }
    const target = join(folder, `killed-${what}-0${what === "archive" ? ".tar" : ""}`);
    if (what === "restore") {
      await rm(target, { recursive: true, force: true });
      expect(await run("restore", join(folder, "source.tar"), "--data", target)).toMatchObject({ status: 0 });
    } else {
      expect(await backup("--copy", target)).toMatchObject({ status: 0 });
      expect(await run("backup", "--check", target)).toMatchObject({ status: 0 });
    }
    const left = (await readdir(folder)).filter(
      (name) => name.startsWith(`killed-${what}-0`) && name.includes(".part-"),
    );
    expect(left).toEqual([]);
  },
  60_000,
);

test.each(["x.tar.gz", "x.tgz", "x.zip"])("an archive of another kind (%s) does not become a folder", async (name) => {
  const refused = await backup(join(folder, name));
  expect(refused).toMatchObject({ status: 2, errors: expect.stringContaining(".tar.zst") as string });
  expect(await stat(join(folder, name)).catch(() => null)).toBeNull();
});

test("two at once into one folder do not mix, and a larder that is killed leaves no copy behind", async () => {
  const own = await startLarder();
  const name = freshName();
  await pushImage(own.url, name, makeImage(), "1");
  const into = join(folder, "twice");
  const both = await Promise.all([runLarder(own.url, "backup", into), runLarder(own.url, "backup", into)]);
  expect(both.filter(({ status }) => status === 0).length).toBeGreaterThan(0);
  expect(await run("backup", "--check", into)).toMatchObject({ status: 0 });
  await mkdir(join(own.dataFolder, "backup", "left"), { recursive: true });
  await own.kill();
  const again = await startLarder({ dataFolder: own.dataFolder });
  expect(await readdir(again.dataFolder)).not.toContain("backup");
  await again.stop();
  await rm(own.dataFolder, { recursive: true });
});
