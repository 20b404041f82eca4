import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { FilesystemAside } from "./aside-filesystem.ts";
import { asidePath, blobPath } from "./blob-folder.ts";
import { FilesystemBlobs } from "./blobs-filesystem.ts";

let folder: string;
let aside: FilesystemAside;
let blobs: FilesystemBlobs;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-aside-"));
  aside = new FilesystemAside(folder);
  blobs = new FilesystemBlobs(folder);
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes a blob's file; what is in it need not have the digest. */
async function place(digest: Digest, content: string): Promise<string> {
  const path = blobPath(folder, digest);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

test("a file is set aside with its bytes, listed and counted, and brought back", async () => {
  const digest = digestOf("a layer");
  await place(digest, "a layer");
  const beforeMs = Date.now() - 1000;
  expect(await aside.setAside(digest, "unrecorded")).toBe(true);
  expect(await blobs.size(digest)).toBeNull();
  expect(await aside.setAside(digest, "unrecorded")).toBe(false);
  const [listed, ...others] = await Array.fromAsync(aside.list());
  expect(listed).toMatchObject({ digest, reason: "unrecorded", size: 7 });
  expect(listed?.sinceMs).toBeGreaterThan(beforeMs);
  expect(others).toEqual([]);
  expect(await aside.totals()).toEqual({ files: 1, damaged: 0, bytes: 7 });
  expect(await aside.bringBack(digest)).toBe(7);
  expect(await new Response(await blobs.read(digest, null)).text()).toBe("a layer");
  expect(await aside.bringBack(digest)).toBeNull();
  expect(await aside.totals()).toEqual({ files: 0, damaged: 0, bytes: 0 });
});

test("what was set aside as damaged does not come back, and is told apart", async () => {
  const digest = digestOf("a layer");
  await place(digest, "a lawyer");
  expect(await aside.holds(digest, "damaged")).toBe(false);
  await aside.setAside(digest, "damaged");
  expect(await aside.holds(digest, "damaged")).toBe(true);
  expect(await aside.holds(digest, "unrecorded")).toBe(false);
  expect(await aside.bringBack(digest)).toBeNull();
  expect(await Array.fromAsync(aside.list())).toMatchObject([{ digest, reason: "damaged", size: 8 }]);
  expect(await aside.totals()).toEqual({ files: 1, damaged: 1, bytes: 8 });
});

test("a blob that has a file is not replaced by one that was set aside", async () => {
  const digest = digestOf("a layer");
  await place(digest, "before");
  await aside.setAside(digest, "unrecorded");
  const path = await place(digest, "pushed since");
  expect(await aside.bringBack(digest)).toBeNull();
  expect(await readFile(path, "utf8")).toBe("pushed since");
});

test("the last one that was set aside is kept, whatever each of them was", async () => {
  const digest = digestOf("a layer");
  const makeFolder = async (path: string) => {
    await mkdir(path);
    await writeFile(join(path, "file"), "");
  };
  const makeLink = (path: string) => symlink("/etc/hostname", path);
  for (const make of [makeFolder, (path: string) => writeFile(path, "one"), makeLink, makeFolder, makeLink]) {
    await mkdir(dirname(blobPath(folder, digest)), { recursive: true });
    await make(blobPath(folder, digest));
    expect(await aside.setAside(digest, "damaged")).toBe(true);
    expect(await Array.fromAsync(aside.list())).toHaveLength(1);
  }
  expect((await lstat(asidePath(folder, digest, "damaged"))).isSymbolicLink()).toBe(true);
});

test("what is given up is deleted, and what a link leads to is not", async () => {
  const [file, link, away] = [digestOf("a file"), digestOf("a link"), digestOf("never here")];
  await place(file, "a file");
  const target = join(folder, "somebody's own");
  await mkdir(target);
  await writeFile(join(target, "file"), "precious");
  await mkdir(dirname(blobPath(folder, link)), { recursive: true });
  await symlink(target, blobPath(folder, link));
  for (const digest of [file, link]) {
    await aside.setAside(digest, "unrecorded");
    expect(await aside.giveUp(digest, "unrecorded")).toBe(true);
  }
  expect(await aside.giveUp(away, "unrecorded")).toBe(false);
  expect(await Array.fromAsync(aside.list())).toEqual([]);
  expect(await readdir(target)).toEqual(["file"]);
});

describe("in a blob's place", () => {
  const digest = digestOf("what a link leads to");

  test("a link is no blob, wherever it leads", async () => {
    await mkdir(dirname(blobPath(folder, digest)), { recursive: true });
    await writeFile(join(folder, "elsewhere"), "what a link leads to");
    await symlink(join(folder, "elsewhere"), blobPath(folder, digest));
    expect(await blobs.size(digest)).toBeNull();
    expect(await blobs.read(digest, null)).toBeNull();
  });

  test("a folder is no blob", async () => {
    await mkdir(blobPath(folder, digest), { recursive: true });
    expect(await blobs.size(digest)).toBeNull();
    expect(await blobs.read(digest, null)).toBeNull();
  });
});
