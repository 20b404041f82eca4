/** What larder 0.1 kept is there after its data folder was opened by this one: `data-folder-0.1.json` was made by that. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { listHistory } from "../../src/recovery/history-folder.ts";
import { rebuildStore } from "../../src/recovery/rebuild.ts";
import { digestOf, TYPE } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import older from "./data-folder-0.1.json";
import { runLarder } from "./larder-command.ts";

let folder: string;
let larder: LarderProcess;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-older-"));
  for (const [path, text] of Object.entries(older.files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const database = new Database(join(folder, "larder.db"), { create: true });
  for (const sql of older.sql) database.run(sql);
  database.close();
  larder = await startLarder({ dataFolder: folder, arguments: ["--open"] });
});
afterEach(async () => {
  await larder.stop();
  await rm(folder, { recursive: true, force: true });
});

const url = (path: string) => `${larder.url}/v2/${path}`;

/** Pulls an image with all that it names, by tag and by digest. Returns its digests. */
async function pull(name: string, reference: string): Promise<readonly string[]> {
  const headers = { Accept: [TYPE.index, TYPE.manifest].join(", ") };
  const found = await send("GET", url(`${name}/manifests/${reference}`), { headers });
  expect(found.status).toBe(200);
  const digest = digestOf(found.bytes);
  expect(found.headers.get("docker-content-digest")).toBe(digest);
  const { manifests = [], config, layers = [] } = JSON.parse(found.text);
  const digests = [digest];
  for (const child of manifests) digests.push(...(await pull(name, child.digest)));
  for (const blob of [...(config === undefined ? [] : [config]), ...layers]) {
    const { status, bytes } = await send("GET", url(`${name}/blobs/${blob.digest}`));
    expect([status, digestOf(bytes)]).toEqual([200, blob.digest]);
    digests.push(blob.digest);
  }
  return digests;
}

test("all that was pushed, cached and attached is pulled, and nothing is wrong with it", async () => {
  expect(await pull("team/app", "v1")).toHaveLength(9);
  expect(await pull("team/app", "amd64")).toHaveLength(4);
  expect(await pull("team/app", "cached")).toEqual(await pull("team/app", "amd64"));
  expect(await pull("quay.io/org/own", "1.0")).toHaveLength(3);
  const [index] = await pull("team/app", "v1");
  const { manifests } = JSON.parse((await send("GET", url(`team/app/referrers/${index}`))).text);
  expect(manifests).toHaveLength(1);
  expect(await runLarder(larder.url, "verify")).toMatchObject({ status: 0 });
  const { output } = await runLarder(larder.url, "stats", "--json");
  expect(JSON.parse(output)).toMatchObject({ aside: { files: 0 }, collectionRefusal: null, storeProblem: null });
});

test("an upload goes on, and what was removed is collected", async () => {
  const [path = ""] = Object.keys(older.files).filter((file) => file.startsWith("uploads/"));
  const session = `team/app/blobs/uploads/${path.slice("uploads/".length)}`;
  const digest = digestOf("half of it");
  const headers = { "Content-Type": "application/octet-stream" };
  const ended = await send("PUT", `${url(session)}?digest=${digest}`, { headers, body: "it" });
  expect(ended.status).toBe(201);
  expect((await send("GET", url(`team/app/blobs/${digest}`))).text).toBe("half of it");
  const orphan = digestOf("an orphaned blob");
  const { output } = await runLarder(larder.url, "gc", "--json");
  // The layer and the config of the image that was removed, and the blob that was taken out.
  expect(JSON.parse(output)).toMatchObject({ blobs: 3, reason: null });
  expect(await Bun.file(join(folder, "blobs/sha256", orphan.slice(7, 9), orphan.slice(7))).exists()).toBe(false);
  await pull("team/app", "v1");
});

test("its history is gone on with: a snapshot is taken, and the database can be made anew", async () => {
  const before = listHistory(folder).filter(({ kind }) => kind === "snapshot").length;
  expect(before).toBe(1);
  while (listHistory(folder).filter(({ kind }) => kind === "snapshot").length === before) await Bun.sleep(50);
  await larder.stop();
  const report = await rebuildStore(folder, Date.now(), false);
  expect(report).toMatchObject({ isWhole: true, tags: 4, unreadable: 0, lostTags: { count: 0 } });
  expect(report.missingBlobs.count).toBe(0);
  larder = await startLarder({ dataFolder: folder, arguments: ["--open"] });
  expect(await pull("team/app", "v1")).toHaveLength(9);
  expect(await pull("quay.io/org/own", "1.0")).toHaveLength(3);
});

test("larder 0.1 finds a migration in it that it does not know, and refuses it", async () => {
  await larder.stop();
  const database = new Database(join(folder, "larder.db"), { readonly: true });
  const numbers = database.query<{ number: number }, []>("SELECT number FROM migration").values().flat();
  expect(numbers).toEqual(expect.arrayContaining([1, 2, 3, 4]));
  // It refuses each number that it has no migration for; before it, larders went by the count of them.
  expect(Math.max(...(numbers as number[]))).toBeGreaterThan(4);
  expect(database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version).toBeGreaterThan(4);
  database.close();
});
