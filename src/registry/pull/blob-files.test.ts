import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { FilesystemAside } from "../../storage/filesystem/aside-filesystem.ts";
import { blobPath } from "../../storage/filesystem/blob-folder.ts";
import { FilesystemBlobs } from "../../storage/filesystem/blobs-filesystem.ts";
import type { MetadataStore } from "../../storage/metadata.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { BlobFiles } from "./blob-files.ts";
import { RottenBlobs } from "./rotten-blobs.ts";
import { BestEffortWrites } from "./best-effort-writes.ts";

const TEXT = "a layer";
const digest = digestOf(TEXT);

let folder: string;
let aside: FilesystemAside;
let files: BlobFiles;
let metadata: MetadataStore;
let transitions: MetadataStore["transitions"];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-blob-files-"));
  aside = new FilesystemAside(folder);
  const log = { write: () => {} };
  metadata = memoryMetadata();
  ({ transitions } = metadata);
  const store = new FilesystemBlobs(folder);
  const bestEffort = new BestEffortWrites(log, () => 0);
  const rotten = new RottenBlobs({ store: metadata.rotten, events: metadata.events, bestEffort, now: () => 7 });
  files = new BlobFiles({ store, aside, transitions, bestEffort, rotten, log });
});
afterEach(() => rm(folder, { recursive: true }));

async function place(text: string): Promise<void> {
  await mkdir(dirname(blobPath(folder, digest)), { recursive: true });
  await writeFile(blobPath(folder, digest), text);
}

test("the question whether a file is whole changes nothing; who relies on it has it brought back", async () => {
  expect(await files.isWhole(digest, TEXT.length)).toBe(false);
  await place(TEXT);
  expect(await files.isWhole(digest, TEXT.length)).toBe(true);
  await aside.setAside(digest, "unrecorded");
  expect(await files.isWhole(digest, TEXT.length)).toBe(true);
  expect(await files.isWhole(digest, TEXT.length + 1)).toBe(false);
  expect(await aside.holds(digest, "unrecorded")).toBe(true);
  expect(await files.makeWhole(digest, TEXT.length)).toBe(true);
  expect(await aside.holds(digest, "unrecorded")).toBe(false);
  expect(await readFile(blobPath(folder, digest), "utf8")).toBe(TEXT);
});

test("a file of the wrong size stays until somebody relies on it, then gives way to a better one that was set aside", async () => {
  await place(TEXT);
  await aside.setAside(digest, "unrecorded");
  await place("cut");
  expect(await files.isWhole(digest, TEXT.length)).toBe(false);
  expect(await readFile(blobPath(folder, digest), "utf8")).toBe("cut");
  expect(await files.makeWhole(digest, TEXT.length)).toBe(true);
  expect(await aside.holds(digest, "damaged")).toBe(true);
  expect(await readFile(blobPath(folder, digest), "utf8")).toBe(TEXT);
});

test("what somebody is just putting in a file's place is not set aside", async () => {
  await place("cut");
  await transitions.arrive(digest, async () => {
    expect(await files.makeWhole(digest, TEXT.length)).toBe(false);
    await place(TEXT);
  });
  expect(await files.isDamaged(digest)).toBe(false);
  expect(await files.makeWhole(digest, TEXT.length)).toBe(true);
});

test("one of the wrong size is noted as rotten until the right bytes are linked, and one that cannot be read is as good as none", async () => {
  const { links, rotten } = metadata;
  const name = "local/app" as RepositoryName;
  await links.linkBlob(name, digest, TEXT.length, 1);
  await place("cut");
  expect(await files.makeWhole(digest, TEXT.length)).toBe(false);
  expect(await rotten.find(digest)).toMatchObject({ rot: "damaged", reason: "its file had 3 bytes instead of 7" });
  await place(TEXT);
  await links.linkBlob(name, digest, TEXT.length, 2);
  expect(await rotten.find(digest)).toBeNull();
  await files.noteUnreadable(digest, "the disk failed");
  expect(await files.makeWhole(digest, TEXT.length)).toBe(false);
  expect(await files.whyUnreadable(digest)).toBe("the disk failed");
  await links.linkBlob(name, digest, TEXT.length, 3);
  expect(await files.makeWhole(digest, TEXT.length)).toBe(true);
});
