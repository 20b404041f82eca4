import { afterEach, beforeEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Turns } from "../lib/async/turns.ts";
import { digestOf } from "../oci/digest.ts";
import type { Tag } from "../oci/tag.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { blobPath } from "../storage/filesystem/blob-folder.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import { imageManifest, open as openFixture, put } from "./store.fixture.ts";
import { openStore } from "./open-store.ts";

const RESERVE = { isSpent: false, spend: () => false, restore: async () => {}, freeBytes: () => 1e12 };
const HERE = "local/app" as RepositoryName;

let parent: string;
let folder: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "larder-store-"));
  folder = join(parent, "data");
  path = join(folder, "larder.db");
  mkdirSync(folder);
});
afterEach(() => rm(parent, { recursive: true }));

/** Keeps a blob, its file included. */
async function keep(store: MetadataStore, text: string): Promise<void> {
  const file = blobPath(folder, digestOf(text));
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  await store.links.linkBlob(HERE, digestOf(text), text.length, 1);
}

async function has(text: string): Promise<boolean> {
  const store = (await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now })).metadata;
  const link = await store.links.findLink([HERE], digestOf(text));
  await store.close();
  return link !== null;
}

/** Runs a store with these blobs and stops it cleanly. */
async function session(...texts: readonly string[]): Promise<void> {
  const store = (await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now })).metadata;
  for (const text of texts) await keep(store, text);
  await store.close();
}

/** Runs a store with these blobs and leaves the folder as a process that was killed leaves it. */
async function killedSession(...texts: readonly string[]): Promise<void> {
  const store = (await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now })).metadata;
  for (const text of texts) await keep(store, text);
  const left = join(parent, "left");
  cpSync(folder, left, { recursive: true });
  await store.close();
  rmSync(folder, { recursive: true });
  cpSync(left, folder, { recursive: true });
  rmSync(left, { recursive: true });
}

function damage(): Promise<string | null> {
  return openStore(folder, { reserve: RESERVE, guard: null, now: Date.now }).then(
    async ({ metadata }) => {
      await metadata.close();
      return null;
    },
    (error: unknown) => (error instanceof Error && "kind" in error ? String(error.kind) : Promise.reject(error)),
  );
}

test("a store that stopped, or was killed, goes on with all that it had", async () => {
  await session("one");
  await killedSession("two");
  await killedSession("three");
  await session();
  for (const text of ["one", "two", "three"]) expect(await has(text)).toBe(true);
});

test("a second one is kept out, and let in when the first one ends", async () => {
  const first = (await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now })).metadata;
  await expect(openStore(folder, { reserve: RESERVE, guard: null, now: Date.now })).rejects.toThrow(
    "in use by another process",
  );
  await first.close();
  expect(await damage()).toBeNull();
});

test("files without their database are noticed, and no empty database is put in its place", async () => {
  await session("one");
  const copy = readFileSync(path);
  for (const withMark of [true, false]) {
    if (!withMark) rmSync(join(folder, "store.json"));
    rmSync(path);
    expect(await damage()).toBe("gone");
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, "");
    expect(await damage()).toBe("gone");
    expect(readFileSync(path)).toHaveLength(0);
    writeFileSync(path, copy);
  }
  expect(await has("one")).toBe(true);
});

test("an empty folder is a new store, and so is one without files, or whose first start was cut off", async () => {
  expect(await damage()).toBeNull();
  rmSync(path);
  expect(await damage()).toBeNull();
  rmSync(path);
  rmSync(join(folder, "store.json"));
  writeFileSync(path, "");
  expect(await damage()).toBeNull();
});

test("a copy from before the last start or stop is noticed, with the later log beside it or without", async () => {
  await session("one");
  const copy = join(parent, "copy.db");
  copyFileSync(path, copy);
  await session("two");
  copyFileSync(path, join(parent, "newest.db"));
  copyFileSync(copy, path);
  expect(await damage()).toBe("older");
  copyFileSync(join(parent, "newest.db"), path);
  await killedSession("three");
  copyFileSync(copy, path);
  expect(await damage()).toBe("older");
  rmSync(`${path}-wal`);
  expect(await damage()).toBe("older");
});

test("a log that is gone or emptied after a kill is noticed", async () => {
  await killedSession("one");
  const log = readFileSync(`${path}-wal`);
  rmSync(`${path}-wal`);
  expect(await damage()).toBe("log lost");
  writeFileSync(`${path}-wal`, log.subarray(0, 32));
  expect(await damage()).toBe("log lost");
  writeFileSync(`${path}-wal`, log);
  expect(await has("one")).toBe(true);
});

test("a stop that was cut off between the database and its mark is none of these", async () => {
  await session("one");
  const mark = join(folder, "store.json");
  const store = (await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now })).metadata;
  const open = readFileSync(mark);
  await store.close();
  writeFileSync(mark, open);
  expect(existsSync(`${path}-wal`)).toBe(false);
  expect(await has("one")).toBe(true);
});

test("a kill while the log was being written to the file is no damage", async () => {
  await session("one");
  const copy = join(parent, "copy.db");
  let [before, after] = [Buffer.alloc(0), Buffer.alloc(0)];
  let blobs = 0;
  // Now and then the log is written to the file by itself: until it holds pages that the file has no place for yet.
  for (; after.byteLength <= before.byteLength && blobs < 1000; blobs += 20) {
    await killedSession(...Array.from({ length: 20 }, (_, index) => `blob ${blobs + index}`));
    for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${copy}${end}`);
    const database = new Database(copy);
    database.query("PRAGMA wal_checkpoint(TRUNCATE)").get();
    database.close();
    [before, after] = [readFileSync(path), readFileSync(copy)];
  }
  expect(after.byteLength).toBeGreaterThan(before.byteLength);
  // Its first page tells of pages that are only in the log yet.
  writeFileSync(path, Buffer.concat([after.subarray(0, 4096), before.subarray(4096)]));
  expect(await has(`blob ${blobs - 1}`)).toBe(true);
});

test("another store's database is noticed, and another program's", async () => {
  await session("one");
  const own = readFileSync(path);
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  await session("one");
  writeFileSync(path, own);
  expect(await damage()).toBe("foreign");
  rmSync(path);
  const other = new Database(path);
  other.run("PRAGMA application_id = 7");
  other.close();
  expect(await damage()).toBe("foreign");
});

test("what is no database, or half of one, is noticed and stays as it is", async () => {
  await session("one");
  const whole = readFileSync(path);
  writeFileSync(path, Buffer.concat([Buffer.alloc(100, "x"), whole.subarray(100)]));
  expect(await damage()).toBe("unreadable");
  writeFileSync(path, whole);
  truncateSync(path, whole.byteLength / 2);
  expect(await damage()).toBe("unreadable");
  expect(readFileSync(path)).toEqual(whole.subarray(0, whole.byteLength / 2));
});

test("a database of before it had an identity is taken, and gets one", async () => {
  await session("one");
  const database = new Database(path);
  database.run("DROP TABLE store");
  database.run("DELETE FROM migration WHERE number = 3");
  database.run("PRAGMA application_id = 0");
  database.close();
  rmSync(join(folder, "store.json"));
  rmSync(join(folder, "lock.db"));
  expect(await has("one")).toBe(true);
  expect(JSON.parse(readFileSync(join(folder, "store.json"), "utf8"))).toMatchObject({ isOpen: false, damage: null });
});

test("a log that was cut, scribbled on or put back from before loses nothing that was acknowledged", async () => {
  await session("one");
  const image = (name: string) => ({ tag: name, manifest: imageManifest(name) });
  const images = Array.from({ length: 30 }, (_, index) => image(`v${index}`));
  const log = `${path}-wal`;
  const told: string[] = [];
  const tell = (what: string) => told.push(what);
  const damages: readonly ((bytes: Buffer) => Buffer)[] = [
    // Of a log that is long, only its beginning may have been written since the last checkpoint.
    (bytes) => bytes.subarray(0, 3000),
    (bytes) => bytes.subarray(0, 5000),
    (bytes) => Buffer.from(bytes).fill(0xa5, 5000, bytes.byteLength >> 1),
    (bytes) => Buffer.from(bytes).fill(0, 32, 64),
  ];
  for (const [round, damage] of damages.entries()) {
    const store = await openFixture(folder);
    await store.housekeeping?.snapshots.takeIfDue(new Turns(), new AbortController().signal);
    for (const { tag, manifest } of images)
      await put(store, `local/round${round}`, manifest, tag, { atMs: Date.now() });
    const left = join(parent, "left");
    cpSync(folder, left, { recursive: true });
    await store.metadata.close();
    rmSync(folder, { recursive: true });
    cpSync(left, folder, { recursive: true });
    rmSync(left, { recursive: true });
    writeFileSync(log, damage(readFileSync(log)));
    const { metadata } = await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now, tell });
    for (const { tag, manifest } of images) {
      const found = await metadata.tags.getTagged(`local/round${round}` as RepositoryName, tag as Tag);
      expect(found?.manifest.bytes).toEqual(manifest.bytes);
    }
    await metadata.close();
  }
  // Where nothing had been written since the last checkpoint, nothing was lost.
  expect(told.join()).toContain("were brought back");
});

test("a log that another program wrote into the database is no damage, one that is gone with what was pushed is", async () => {
  await session("one");
  const store = await openFixture(folder);
  await store.housekeeping?.snapshots.takeIfDue(new Turns(), new AbortController().signal);
  for (const name of ["a", "b"]) await put(store, "local/app", imageManifest(name), name, { atMs: Date.now() });
  const [left, gone] = [join(parent, "left"), join(parent, "gone")];
  for (const copy of [left, gone]) cpSync(folder, copy, { recursive: true });
  await store.metadata.close();
  const told: string[] = [];
  const reopen = async (copy: string) => {
    rmSync(folder, { recursive: true });
    cpSync(copy, folder, { recursive: true });
    const tell = (what: string) => told.push(what);
    return (await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now, tell })).metadata;
  };
  // As `sqlite3`, or an older larder that refuses it.
  const other = new Database(join(left, "larder.db"));
  other.query("SELECT count(*) FROM tag").get();
  other.close();
  expect(existsSync(join(left, "larder.db-wal"))).toBe(false);
  const metadata = await reopen(left);
  expect(await metadata.tags.listTags("local/app" as RepositoryName, { after: null, limit: 9 })).toHaveLength(2);
  await metadata.close();
  expect(told.join()).toContain("is gone on with");
  rmSync(join(gone, "larder.db-wal"));
  await expect(reopen(gone)).rejects.toThrow("is gone");
  expect(await damage()).toBe("log lost");
});

test("a kill between the database and what is written down is no damage", async () => {
  const store = await openFixture(folder);
  await store.housekeeping?.snapshots.takeIfDue(new Turns(), new AbortController().signal);
  for (const [index, name] of ["a", "b", "c"].entries()) {
    await put(store, "local/app", imageManifest(name), name, { atMs: 1000 + index });
  }
  await store.metadata.close();
  // The last change is in the database alone.
  const database = new Database(path);
  database.run("DELETE FROM tag WHERE name = 'b'");
  database.run("UPDATE store SET generation = generation + 1, closed = 0");
  database.close();
  const mark = join(folder, "store.json");
  const { generation, ...rest } = JSON.parse(readFileSync(mark, "utf8"));
  writeFileSync(mark, JSON.stringify({ ...rest, generation, isOpen: true }));
  const told: string[] = [];
  const tell = (what: string) => told.push(what);
  const { metadata } = await openStore(folder, { reserve: RESERVE, guard: null, now: Date.now, tell });
  expect(await metadata.tags.listTags("local/app" as RepositoryName, { after: null, limit: 9 })).toHaveLength(2);
  expect(told).toEqual([]);
  await metadata.close();
});
