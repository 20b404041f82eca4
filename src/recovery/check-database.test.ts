import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Turns } from "../lib/async/turns.ts";
import { digestOf } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { FolderGuard } from "../storage/filesystem/folder-guard.ts";
import { readStoreMark } from "./store-mark.ts";
import { openStore, type Store } from "./open-store.ts";
import { put, SPACE } from "./store.fixture.ts";

const PAGE_BYTES = 4096;
/** More than SQLite keeps of a database in memory. */
const MANIFESTS = 1500;

let folder: string;
let guard: FolderGuard;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-check-"));
  guard = new FolderGuard(folder, () => {});
  store = await openStore(folder, { reserve: SPACE, guard, now: Date.now });
  const putting = Array.from({ length: MANIFESTS }, (_, index) => put(store, "local/app", large(index), `t${index}`));
  await Promise.all(putting);
});
afterEach(async () => {
  await store.metadata.close();
  guard.close();
  await rm(folder, { recursive: true });
});

async function check(): Promise<void> {
  await store.housekeeping?.check(new Turns().begin());
}

function large(index: number) {
  const bytes = Buffer.from(JSON.stringify({ index, padding: "x".repeat(5000) }));
  return { digest: digestOf(bytes), mediaType: "application/vnd.oci.image.manifest.v1+json", bytes };
}

/** Overwrites every so many pages in the middle of the file, behind SQLite's back. */
function scribble(): void {
  const path = join(folder, "larder.db");
  const pages = Math.floor(statSync(path).size / PAGE_BYTES);
  const file = openSync(path, "r+");
  for (let page = Math.floor(pages / 4); page < pages; page += 7) {
    writeSync(file, crypto.getRandomValues(new Uint8Array(PAGE_BYTES)), 0, PAGE_BYTES, page * PAGE_BYTES);
  }
  closeSync(file);
}

test("nothing is wrong with a database that is whole, while it changes", async () => {
  const checking = check();
  for (let index = 0; index < 50; index++) await put(store, "local/more", large(MANIFESTS + index), `t${index}`);
  await checking;
  expect(guard.problem).toBeNull();
});

test("pages that were overwritten are found: nothing is written from then on, and the next start knows", async () => {
  scribble();
  await check().catch(() => {});
  expect(guard.problem).toContain("larder rebuild");
  expect(readStoreMark(folder)?.damage).toContain("larder.db");
  const linking = store.metadata.links.linkBlob("local/app" as RepositoryName, digestOf("x"), 1, 1);
  await expect(linking).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("a flipped bit in a manifest, which SQLite does not notice, is found", async () => {
  const path = join(folder, "larder.db");
  const at = readFileSync(path, "latin1").indexOf("x".repeat(100), statSync(path).size / 2);
  const file = openSync(path, "r+");
  writeSync(file, "y", at);
  closeSync(file);
  await check();
  expect(guard.problem).toContain("not what its digest says");
});

test("damage that is met by chance is found as well, and what can be read is read", async () => {
  scribble();
  const { manifests } = store.metadata;
  const outcomes = { read: 0, refused: 0 };
  for (let index = 0; index < MANIFESTS; index++) {
    try {
      const found = await manifests.getManifest("local/app" as RepositoryName, large(index).digest);
      if (found !== null) outcomes.read++;
    } catch (error) {
      expect(error).toMatchObject({ code: "UNAVAILABLE" });
      outcomes.refused++;
    }
  }
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(guard.problem).toContain("larder rebuild");
});
