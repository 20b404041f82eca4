import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Turns } from "../lib/async/turns.ts";
import { digestOf } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { asidePath, blobPath } from "../storage/filesystem/blob-folder.ts";
import { readStoreMark, writeStoreMark } from "./store-mark.ts";
import { seekDamage } from "./database-copy.ts";
import { finishRebuild, rebuildStore } from "./rebuild.ts";
import { changeAccounts, contentOf, imageManifest, indexManifest, open, pushImage, put } from "./store.fixture.ts";

const NOW = Date.UTC(2026, 10, 28);
const PAGE = 4096;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-rebuild-"));
  path = join(folder, "larder.db");
});
afterEach(() => rm(folder, { recursive: true }));

/** A store with images, an index, a cached tag; with a snapshot in the middle, or without any history. Returns its content. */
async function fill(images: number, withHistory = true): Promise<unknown> {
  const store = await open(folder);
  for (let i = 0; i < images; i++) {
    await pushImage(folder, store, `local/app${i % 5}`, `v${i}`);
    if (i === images >> 1) await store.housekeeping?.snapshots.take(new Turns(), new AbortController().signal);
  }
  const child = await pushImage(folder, store, "local/multi", "amd64");
  await put(store, "local/multi", indexManifest([child.digest]), "1", { children: [child.digest] });
  await put(store, "docker.io/library/cached", imageManifest("cached"), "3", { kind: "cached" });
  await changeAccounts(store, "ann", true, 5);
  await changeAccounts(store, "bob", true, 6);
  await changeAccounts(store, "bob", false, 7);
  await store.metadata.close();
  if (!withHistory) rmSync(join(folder, "snapshots"), { recursive: true });
  return contentOf(path);
}

async function expectServed(images: number): Promise<void> {
  const store = await open(folder);
  for (let i = 0; i < images; i++) {
    const repository = `local/app${i % 5}` as RepositoryName;
    const blob = digestOf(`config of ${repository}:v${i}`);
    expect(await store.metadata.links.findLink([repository], blob)).toMatchObject({ touchedAtMs: 0 });
    expect(await store.metadata.links.isReferenced(repository, blob)).toBe(true);
  }
  expect(await store.metadata.collection.listUnlinkedBlobs({ after: null, limit: 10 })).toEqual([]);
  await store.metadata.collection.collectLinks(NOW);
  await store.metadata.close();
}

test("a file that was set aside for want of a record has one again, and is not lost", async () => {
  await fill(3);
  const blob = digestOf("config of local/app0:v0");
  const aside = asidePath(folder, blob, "unrecorded");
  mkdirSync(dirname(aside), { recursive: true });
  renameSync(blobPath(folder, blob), aside);
  rmSync(path);
  await rebuildStore(folder, NOW, false);
  await expectServed(3);
});

const DAMAGES: Readonly<Record<string, () => void>> = {
  gone: () => rmSync(path),
  empty: () => writeFileSync(path, ""),
  "no database": () => writeFileSync(path, "x".repeat(10_000)),
  "half a file": () => truncateSync(path, (readFileSync(path).byteLength / PAGE / 2) * PAGE),
  "garbage behind the first page": () => {
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, PAGE), Buffer.alloc(bytes.byteLength - PAGE, 0xa5)]));
  },
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`a database that is ${name}: all that was acknowledged is brought back, and the old one is kept`, async () => {
    const content = await fill(12);
    damage();
    const left = existsSync(path) ? readFileSync(path) : null;
    expect(await seekDamage(folder, readStoreMark(folder))).toContain("larder.db");
    const dry = await rebuildStore(folder, NOW, true);
    expect(dry).toMatchObject({ tags: 15, keptAs: null });
    if (left !== null) expect(readFileSync(path)).toEqual(left);
    const report = await rebuildStore(folder, NOW, false);
    expect(report).toMatchObject({ tags: 15, isWhole: true, unreadable: 0, lostTags: { count: 0 } });
    expect(report.missingBlobs).toEqual({ count: 0, first: [] });
    expect(contentOf(path)).toEqual(content);
    expect(report.keptAs === null ? null : readFileSync(report.keptAs)).toEqual(left);
    expect(await seekDamage(folder, readStoreMark(folder))).toBeNull();
    await expectServed(12);
  });
}

test("without a history what can be read of the old database is brought back, wherever it is damaged", async () => {
  await fill(200, false);
  const whole = readFileSync(path);
  const pages = whole.byteLength / PAGE;
  let back = 0;
  for (let at = 1; at < pages; at += 1 + Math.floor(pages / 12)) {
    const bytes = Buffer.from(whole);
    bytes.fill(0xa5, at * PAGE, (at + 1) * PAGE);
    writeFileSync(path, bytes);
    const report = await rebuildStore(folder, NOW, true);
    expect(report.snapshotAtMs).toBeNull();
    back += report.tags / 203;
  }
  // One page of many, and each of the two indexes tells what the other one has lost.
  expect(back / 12).toBeGreaterThan(0.7);
  writeFileSync(path, whole);
  expect(await rebuildStore(folder, NOW, false)).toMatchObject({ tags: 203, isWhole: false });
  await expectServed(200);
}, 60_000);

test("with neither, nothing is known but that there are files, which stay", async () => {
  await fill(4, false);
  rmSync(path);
  const report = await rebuildStore(folder, NOW, false);
  expect(report).toMatchObject({ tags: 0, manifests: 0, blobs: 0, unnamedFiles: 5 });
  const store = await open(folder);
  expect(await store.metadata.repositories.listRepositories(null, { after: null, limit: 9 })).toEqual([]);
  await store.metadata.close();
});

test("what is missing is named: files of pushed images, and tags whose manifests are nowhere", async () => {
  await fill(6);
  const missing = digestOf("config of local/app2:v2");
  rmSync(blobPath(folder, missing));
  const report = await rebuildStore(folder, NOW, true);
  expect(report.missingBlobs).toEqual({ count: 1, first: [`local/app2:v2 ${missing}`] });
  rmSync(path);
  const manifest = imageManifest("local/app3:v3").digest;
  for (const name of readdirSync(join(folder, "snapshots"))) {
    const file = join(folder, "snapshots", name);
    const lines = readFileSync(file, "utf8").split("\n");
    const kept = lines.filter((line) => !line.includes(`"kind":"manifest","digest":"${manifest}"`));
    writeFileSync(file, kept.join("\n"));
  }
  expect((await rebuildStore(folder, NOW, true)).lostTags).toEqual({ count: 1, first: ["local/app3:v3"] });
});

test("an older copy that was put back gives way to what was written down since", async () => {
  const store = await open(folder);
  await pushImage(folder, store, "local/app", "old");
  await store.metadata.close();
  cpSync(path, `${path}.copy`);
  const content = await fill(5);
  renameSync(`${path}.copy`, path);
  expect(await seekDamage(folder, readStoreMark(folder))).toContain("older copy");
  await rebuildStore(folder, NOW, false);
  expect(contentOf(path)).toEqual(content);
});

test("a rebuild that is interrupted leaves the store as it was, or ends when it is run again", async () => {
  const content = await fill(3);
  const mark = readStoreMark(folder);
  if (mark === null) throw new Error("there is no mark");
  writeFileSync(`${path}.new`, "half of a new one");
  expect(await seekDamage(folder, mark)).toBeNull();
  expect(await finishRebuild(folder, NOW)).toBe(false);
  await rebuildStore(folder, NOW, true);
  expect(contentOf(path)).toEqual(content);
  // As it is right before the new one takes the place of the old one, whose log is still there.
  cpSync(path, `${path}.rebuilt`);
  writeFileSync(path, "damaged");
  writeFileSync(`${path}-wal`, "its log");
  writeStoreMark(folder, { ...mark, damage: "interrupted" });
  await (await open(folder)).metadata.close();
  expect(existsSync(`${path}.rebuilt`)).toBe(false);
  expect(contentOf(path)).toEqual(content);
});

test("a second rebuild gives the same again, and so does one after the store has run on", async () => {
  await fill(4);
  for (let round = 0; round < 3; round++) {
    const before = contentOf(path);
    rmSync(path);
    await rebuildStore(folder, NOW + round, false);
    expect(contentOf(path)).toEqual(before);
    const store = await open(folder);
    await pushImage(folder, store, "local/later", `r${round}`);
    if (round === 1) await store.housekeeping?.snapshots.takeIfDue(new Turns(), new AbortController().signal);
    await store.metadata.close();
  }
});
