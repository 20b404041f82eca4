import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StagedFolder } from "./staged-folder.ts";

let top: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), "larder-staged-"));
});
afterEach(() => rm(top, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const names = async (folder = top) => (await readdir(folder, { recursive: true })).sort();

test("what is written is to be seen once it is published, whole", async () => {
  const folder = new StagedFolder(join(top, "a/b"), "oci:x");
  await folder.write("blobs/one", bytes("1"));
  await folder.write("two", bytes("22"));
  expect(await readdir(join(top, "a/b"))).toEqual([expect.stringMatching(/^\.larder-/)]);
  expect(await folder.sizeOf("two")).toBe(2);
  await folder.publish();
  expect(await names()).toEqual(["a", "a/b", "a/b/blobs", "a/b/blobs/one", "a/b/two"]);
  expect(await folder.sizeOf("two")).toBe(2);
  await folder.discard();
  expect(await readFile(join(top, "a/b/two"), "utf8")).toBe("22");
});

test("what is discarded goes with the folders that were made for it, and no others", async () => {
  await mkdir(join(top, "a"));
  const folder = new StagedFolder(join(top, "a/b/c"), "oci:x");
  await folder.write("one", bytes("1"));
  await folder.discard();
  await folder.discard();
  expect(await names()).toEqual(["a"]);
});

test("what was there stays as it was, and so does what another put there meanwhile", async () => {
  await writeFile(join(top, "kept"), "old");
  const folder = new StagedFolder(top, "oci:x");
  await folder.write("kept", bytes("new"));
  await folder.write("more/one", bytes("1"));
  await folder.discard();
  expect(await names()).toEqual(["kept"]);
  expect(await readFile(join(top, "kept"), "utf8")).toBe("old");
  const made = new StagedFolder(join(top, "new"), "oci:x");
  await made.write("one", bytes("1"));
  await writeFile(join(top, "new/theirs"), "x");
  await made.discard();
  expect(await names()).toEqual(["kept", "new", "new/theirs"]);
});

test("a folder that nothing was written to is not made", async () => {
  const folder = new StagedFolder(join(top, "never"), "oci:x");
  await folder.publish();
  await folder.discard();
  expect(await names()).toEqual([]);
});

test("nothing goes through a link that leads out, and within the folder links are followed", async () => {
  await mkdir(join(top, "outside"));
  await mkdir(join(top, "in/real"), { recursive: true });
  await symlink("../outside", join(top, "in/out"));
  await symlink("real", join(top, "in/alias"));
  const folder = new StagedFolder(join(top, "in"), "oci:in");
  await folder.write("alias/one", bytes("1"));
  await folder.publish();
  expect(await readdir(join(top, "in/real"))).toEqual(["one"]);
  await folder.write("out/sub/two", bytes("2"));
  await expect(folder.publish()).rejects.toThrow(/^oci:in: out is a link that leads out of it/);
  await folder.discard();
  expect(await readdir(join(top, "outside"))).toEqual([]);
  // A file that is a link out is not what is there, and is replaced, not written through.
  await writeFile(join(top, "outside/secret"), "22");
  await symlink("../outside/secret", join(top, "in/file"));
  const again = new StagedFolder(join(top, "in"), "oci:in");
  expect(await again.sizeOf("file")).toBeNull();
  await again.write("file", bytes("33"));
  await again.publish();
  expect(await readFile(join(top, "outside/secret"), "utf8")).toBe("22");
  expect(await readFile(join(top, "in/file"), "utf8")).toBe("33");
});

test("what a killed process left goes after a day, and nothing that is younger", async () => {
  const [old, young] = [`.larder-${crypto.randomUUID()}`, `.larder-${crypto.randomUUID()}`];
  for (const name of [old, young]) await mkdir(join(top, name, "blobs"), { recursive: true });
  const before = new Date(Date.now() - 25 * 3_600_000);
  await utimes(join(top, old), before, before);
  const folder = new StagedFolder(top, "oci:x");
  await folder.write("one", bytes("1"));
  await folder.publish();
  expect(await names()).toEqual([young, `${young}/blobs`, "one"].sort());
});
