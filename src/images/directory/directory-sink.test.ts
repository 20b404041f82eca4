import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testImage, writeLayout } from "../test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "../transports.fixture.ts";

let top: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), "larder-directory-sink-"));
  await writeLayout(join(top, "layout"), [{ image: await testImage(["hello"]), name: "1" }]);
});
afterEach(() => rm(top, { recursive: true }));

async function copy() {
  const sink = await openFileSink(`dir:${join(top, "to")}`);
  return copyEverything(openFileSource(`oci:${join(top, "layout")}`, top), Promise.resolve(sink));
}

test("a copy that was killed is run again into the same directory", async () => {
  const left = `.larder-${crypto.randomUUID()}`;
  await mkdir(join(top, "to", left), { recursive: true });
  await copy();
  expect(await readdir(join(top, "to"))).toEqual(expect.arrayContaining(["version", "manifest.json", left]));
});

test("a directory with anything else in it is refused, and stays as it is", async () => {
  await mkdir(join(top, "to"));
  await writeFile(join(top, "to", ".larder-notes"), "mine");
  await expect(copy()).rejects.toThrow("is not empty; name a new one");
  expect(await readdir(join(top, "to"))).toEqual([".larder-notes"]);
});
