import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { Turns } from "../lib/async/turns.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { DatabaseBuilder } from "./database-builder.ts";
import { listHistory } from "./history-folder.ts";
import { findHistory, readRecords } from "./read-history.ts";
import { changeAccounts, contentOf, imageManifest, indexManifest, open, put, SPACE } from "./store.fixture.ts";

const NEVER = new AbortController().signal;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-history-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function rebuilt(): Promise<unknown> {
  const path = join(folder, "again.db");
  const builder = new DatabaseBuilder(path);
  for (const { path: file } of (await findHistory(folder)).files) {
    for await (const record of readRecords(file)) builder.apply(record === null ? [] : [record]);
  }
  await builder.finish(async () => null);
  builder.close({ id: "again", generation: 1 });
  const content = contentOf(path);
  rmSync(path);
  return content;
}

const command = fc.record({
  what: fc.constantFrom(
    "put",
    "put",
    "put",
    "index",
    "untag",
    "drop",
    "collect",
    "expire",
    "set",
    "account",
    "pin",
    "record",
    "tell",
    "snapshot",
    "reopen",
  ),
  repository: fc.constantFrom("local/a", "docker.io/library/b"),
  name: fc.constantFrom("x", "y", "z"),
  tag: fc.constantFrom("1", "2", null),
  kind: fc.constantFrom("pushed" as const, "cached" as const),
});

test("the newest snapshot and what changed since are the whole, whatever happened in between", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 25 }), async (commands) => {
      let store = await open(folder);
      let atMs = 1;
      for (const { what, repository: name, name: image, tag, kind } of commands) {
        const repository = name as RepositoryName;
        atMs++;
        const manifest = imageManifest(image);
        if (what === "put") await put(store, repository, manifest, tag, { kind, atMs });
        if (what === "index") {
          await put(store, repository, manifest, null, { kind, atMs });
          const children = [manifest.digest];
          await put(store, repository, indexManifest(children), tag ?? "i", { kind, atMs, children });
        }
        if (what === "untag")
          await store.metadata.tags.deleteTag(repository, (tag ?? "1") as Tag, kind === "pushed", 1);
        if (what === "drop") await store.metadata.manifests.deleteManifest(repository, manifest.digest, false, atMs);
        if (what === "collect") await store.metadata.collection.collectLinks(atMs);
        if (what === "expire")
          await store.metadata.leftBehind.removeLeftBehind({ pushed: 9, cached: 3 }, atMs, () => false);
        if (what === "set") await store.metadata.settings.set(image, tag === null ? null : [tag, atMs]);
        if (what === "account") await changeAccounts(store, image, tag !== null, atMs);
        if (what === "pin") {
          if (tag === null) await store.metadata.pins.remove(`${repository}:${image}`);
          else await store.metadata.pins.add({ text: `${repository}:${image}`, addedAtMs: atMs, who: tag });
        }
        if (what === "record") await changeRecordings(store, repository, image, tag, atMs);
        if (what === "tell") await changeDeliveries(store, image, tag, atMs);
        if (what === "snapshot") await store.housekeeping?.snapshots.take(new Turns(), NEVER);
        if (what === "reopen") {
          await store.metadata.close();
          store = await open(folder);
        }
      }
      await store.metadata.close();
      expect(await rebuilt()).toEqual(contentOf(join(folder, "larder.db")));
      await rm(folder, { recursive: true });
      folder = await mkdtemp(join(tmpdir(), "larder-history-"));
    }),
    { numRuns: 25 },
  );
}, 120_000);

/** Begins a recording, notes something in it, ends it or takes it away. */
async function changeRecordings(
  store: Awaited<ReturnType<typeof open>>,
  repository: RepositoryName,
  name: string,
  tag: string | null,
  atMs: number,
): Promise<void> {
  const { recordings } = store.metadata;
  await recordings.start({ name, startedAtMs: atMs, who: tag, networks: ["10.0.0.0/8"] }, atMs % 2 === 0);
  const id = (await recordings.list()).find((one) => one.name === name)?.id ?? 0;
  const pull = { repository, tag: tag as Tag | null, platform: null, sizeBytes: 1, atMs, who: null, from: null };
  const parts = [{ digest: imageManifest("x").digest, platform: "linux/arm64" }];
  await recordings.note(id, [
    { ...pull, digest: imageManifest("i").digest, kind: "index", parts },
    { ...pull, tag: null, digest: imageManifest("x").digest, kind: "image", parts: [] },
  ]);
  if (tag === "1") await recordings.stop(name, atMs);
  if (tag === "2") await recordings.remove(name);
}

/** Queues something, and does something about what comes first. */
async function changeDeliveries(
  store: Awaited<ReturnType<typeof open>>,
  endpoint: string,
  tag: string | null,
  atMs: number,
): Promise<void> {
  const { deliveries } = store.metadata;
  await deliveries.add([{ endpoint, record: `${tag}`, atMs }]);
  const first = (await deliveries.next(endpoint))?.id ?? 0;
  if (tag === "1") await deliveries.done(first);
  if (tag === "2") await deliveries.giveUp(first, "it answered 400", atMs);
  if (atMs % 5 === 0) await deliveries.retry(endpoint);
}

test("what changes while a snapshot is taken is in it, or among the changes that belong to it", async () => {
  const store = await open(folder);
  for (let i = 0; i < 60; i++) await put(store, `local/r${i % 7}`, imageManifest(`before ${i}`), `t${i}`);
  const progress = { isDone: false };
  // A turn a step: others come in between wherever they can.
  const snapshot = store.housekeeping?.snapshots.take(new Turns({ turnMs: 0 }), NEVER).finally(() => {
    progress.isDone = true;
  });
  for (let i = 0; !progress.isDone; i++) {
    await put(store, `local/r${i % 9}`, imageManifest(`while ${i}`), `t${i % 70}`);
    await store.metadata.tags.deleteTag(`local/r${i % 7}` as RepositoryName, `t${(i * 5) % 60}` as Tag, true, 1);
    await setImmediate();
  }
  await snapshot;
  await store.metadata.close();
  expect((await findHistory(folder)).snapshotAtMs).not.toBeNull();
  expect(await rebuilt()).toEqual(contentOf(join(folder, "larder.db")));
});

test("a change is written down when it is acknowledged, and one that is refused is not", async () => {
  const store = await open(folder);
  await put(store, "local/a", imageManifest("kept"), "1");
  const changes = listHistory(folder).filter(({ kind }) => kind === "changes");
  const before = readFileSync(changes[0]?.path ?? "", "utf8");
  expect(before).toContain('"name":"1"');
  const digest = imageManifest("refused").digest;
  await put(store, "local/a", indexManifest([digest]), "2", { children: [digest] });
  expect(readFileSync(changes[0]?.path ?? "", "utf8")).toBe(before);
  await store.metadata.close();
});

test("two snapshots are kept, with the changes since the older one; a damaged one is passed over for the other", async () => {
  let store = await open(folder);
  for (let round = 0; round < 4; round++) {
    await put(store, "local/a", imageManifest(`round ${round}`), `t${round}`);
    await store.housekeeping?.snapshots.take(new Turns(), NEVER);
    await store.metadata.close();
    store = await open(folder);
  }
  await put(store, "local/a", imageManifest("last"), "last");
  await store.metadata.close();
  const files = listHistory(folder);
  const snapshots = files.filter(({ kind }) => kind === "snapshot");
  expect(snapshots).toHaveLength(2);
  expect(files.every(({ number }) => number >= (snapshots[0]?.number ?? 0))).toBe(true);
  const content = contentOf(join(folder, "larder.db"));
  const newest = snapshots[1]?.path ?? "";
  const whole = readFileSync(newest);
  for (const damage of [
    () => truncateSync(newest, whole.byteLength >> 1),
    () => writeFileSync(newest, ""),
    () => writeFileSync(newest, Buffer.concat([whole.subarray(0, 200), Buffer.from("?"), whole.subarray(201)])),
    () => rmSync(newest),
  ]) {
    writeFileSync(newest, whole);
    damage();
    expect(await rebuilt()).toEqual(content);
  }
});

test("a torn last line and one that was changed cost only themselves", async () => {
  const store = await open(folder);
  for (const name of ["one", "two", "three"]) await put(store, "local/a", imageManifest(name), name);
  await store.metadata.close();
  const content = contentOf(join(folder, "larder.db"));
  const changes = listHistory(folder).find(({ kind }) => kind === "changes")?.path ?? "";
  const lines = readFileSync(changes, "utf8").split("\n");
  appendFileSync(changes, '0badc0de {"kind":"untagged","reposi');
  expect(await rebuilt()).toEqual(content);
  const tagOfTwo = lines.findIndex((line) => line.includes('"name":"two"'));
  writeFileSync(changes, lines.with(tagOfTwo, lines[tagOfTwo]?.replace('"two"', '"too"') ?? "").join("\n"));
  expect(JSON.stringify(await rebuilt())).not.toContain('"too"');
  expect(JSON.stringify(await rebuilt())).toContain('"three"');
});

test("where nothing can be written down pushes go on, and the next snapshot makes up for it", async () => {
  const store = await open(folder);
  await put(store, "local/a", imageManifest("one"), "one");
  const changes = listHistory(folder)[0]?.path ?? "";
  // Whatever is in the way of a new file of changes.
  rmSync(join(folder, "snapshots"), { recursive: true });
  writeFileSync(join(folder, "snapshots"), "a file in the way");
  await store.metadata.close();
  const second = await open(folder);
  await put(second, "local/a", imageManifest("two"), "two");
  rmSync(join(folder, "snapshots"));
  await put(second, "local/a", imageManifest("three"), "three");
  expect(listHistory(folder)).toEqual([]);
  await second.housekeeping?.snapshots.takeIfDue(new Turns(), NEVER);
  await put(second, "local/a", imageManifest("four"), "four");
  await second.metadata.close();
  expect(changes).not.toBe("");
  expect(await rebuilt()).toEqual(contentOf(join(folder, "larder.db")));
});

test("a snapshot is due at first, after a kill, and when enough has changed; not on a disk that is nearly full", async () => {
  const store = await open(folder);
  const taken = () => listHistory(folder).filter(({ kind }) => kind === "snapshot").length;
  await store.housekeeping?.snapshots.takeIfDue(new Turns(), NEVER);
  await put(store, "local/a", imageManifest("one"), "one");
  await store.housekeeping?.snapshots.takeIfDue(new Turns(), NEVER);
  expect(taken()).toBe(1);
  const left = `${folder}-left`;
  cpSync(folder, left, { recursive: true });
  await store.metadata.close();
  rmSync(folder, { recursive: true });
  cpSync(left, folder, { recursive: true });
  rmSync(left, { recursive: true });
  for (const space of [
    { ...SPACE, freeBytes: () => 1000 },
    { ...SPACE, isSpent: true },
  ]) {
    const full = await open(folder, space);
    await full.housekeeping?.snapshots.takeIfDue(new Turns(), NEVER);
    expect(taken()).toBe(1);
    const again = `${folder}-left`;
    cpSync(folder, again, { recursive: true });
    await full.metadata.close();
    rmSync(folder, { recursive: true });
    cpSync(again, folder, { recursive: true });
    rmSync(again, { recursive: true });
  }
  const last = await open(folder);
  await last.housekeeping?.snapshots.takeIfDue(new Turns(), NEVER);
  expect(taken()).toBe(2);
  await last.metadata.close();
});
