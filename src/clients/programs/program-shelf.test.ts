import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseProgramName } from "./program-name.ts";
import { ProgramShelf } from "./program-shelf.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-shelf-"));
});
afterEach(() => rm(folder, { recursive: true }));

function find(shelf: ProgramShelf, name: string) {
  const parsed = parseProgramName(name);
  if (parsed === null) throw new Error(`${name} is no name`);
  return shelf.find(parsed);
}

function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

test("its own file comes first, then those of the folders, however their names are spelled", async () => {
  const own = { file: "larder-linux-x64", path: join(folder, "larder") };
  await Bun.write(own.path, "own");
  await Bun.write(join(folder, "a/larder-linux-x64"), "another");
  await Bun.write(join(folder, "b/larder-linux-aarch64"), "arm");
  const shelf = new ProgramShelf({ own, folders: [join(folder, "a"), join(folder, "b"), join(folder, "none")] });
  expect(await find(shelf, "larder-linux-amd64")).toEqual({ path: own.path, sizeBytes: 3, sha256: sha256("own") });
  expect((await find(shelf, "larder-linux-arm64"))?.sha256).toBe(sha256("arm"));
  expect(await find(shelf, "larder-linux-arm64-musl")).toBeNull();
  expect(await shelf.list()).toEqual(["larder-linux-x64", "larder-linux-arm64"]);
});

test("a file that is replaced is read again, and one that has gone is gone", async () => {
  const path = join(folder, "larder-linux-x64");
  const shelf = new ProgramShelf({ own: null, folders: [folder] });
  await Bun.write(path, "old");
  expect((await find(shelf, "larder-linux-x64"))?.sha256).toBe(sha256("old"));
  await Bun.write(`${path}.new`, "new");
  await rename(`${path}.new`, path);
  expect((await find(shelf, "larder-linux-x64"))?.sha256).toBe(sha256("new"));
  await rm(path);
  expect(await find(shelf, "larder-linux-x64")).toBeNull();
});

test("what is no file is no program", async () => {
  await mkdir(join(folder, "larder-linux-x64"));
  const shelf = new ProgramShelf({ own: null, folders: [folder, join(folder, "larder-linux-x64", "x")] });
  expect(await shelf.list()).toEqual([]);
});
