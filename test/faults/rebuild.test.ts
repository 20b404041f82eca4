/** A database that is lost: `larder rebuild` makes it anew, on a store that nobody uses. */
import { expect, test } from "bun:test";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../conformance/content-factory.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, send } from "../conformance/registry-client.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");

function runRebuild(folder: string, ...more: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([PROGRAM, "rebuild", "--data", folder, ...more]);
  return { status: exitCode, output: stdout.toString(), errors: stderr.toString() };
}

test("what was pushed up to a kill is served again after the database was lost and rebuilt", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-test-rebuild-"));
  const images = Array.from({ length: 3 }, () => makeImage());
  const first = await startLarder({ dataFolder: folder });
  for (const [index, image] of images.entries()) await pushImage(first.url, `app/${index}`, image, "1");
  expect(runRebuild(folder)).toMatchObject({ status: 1, output: "" });
  expect(runRebuild(folder).errors).toContain("a larder runs on it; stop it first");
  await first.kill();
  await rename(join(folder, "larder.db"), join(folder, "lost"));
  expect(runRebuild(folder, "--dry-run").output).toContain("There are 3 tags, 3 manifests in 3 repositories");
  const { status, output } = runRebuild(folder);
  expect([status, output]).toEqual([0, expect.stringContaining("Brought back: 3 tags, 3 manifests")]);
  expect(runRebuild(folder).errors).toContain("nothing is wrong with the database");
  const second = await startLarder({ dataFolder: folder });
  for (const [index, { manifest, blobs }] of images.entries()) {
    expect((await send("GET", manifestUrl(second.url, `app/${index}`, "1"))).bytes).toEqual(manifest.bytes);
    for (const { digest, bytes } of blobs) {
      expect((await send("GET", blobUrl(second.url, `app/${index}`, digest))).bytes).toEqual(bytes);
    }
  }
  await second.stop();
  await rm(folder, { recursive: true });
}, 60_000);
