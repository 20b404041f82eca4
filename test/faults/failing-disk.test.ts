/** A disk that fails: what it does not give any more is told, fetched again where it can be, and never taken for damaged. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  descriptorOf,
  digestOf,
  freshName,
  type Image,
  makeBlob,
  makeImage,
  TYPE,
} from "../conformance/content-factory.ts";
import { blobUrl, manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { FailingDisk, type Failing, failingDiskRequirement } from "./failing-disk.ts";
import { until } from "../until.ts";
import { runLarder } from "./larder-command.ts";
import { PullThrough } from "./pull-through.ts";

const lab = failingDiskRequirement();
let tags = 0;
const freshTag = () => `v${tags++}`;
const PROGRAM = join(import.meta.dir, "..", "..", "larder");

describe.skipIf(!lab.met)("on a disk that fails", () => {
  let disk: FailingDisk;
  let larder: PullThrough;
  let elsewhere: string;
  beforeAll(async () => {
    disk = await FailingDisk.mount();
    larder = await PullThrough.start({ dataFolder: join(disk.path, "data"), arguments: ["--verify-every", "never"] });
    elsewhere = await mkdtemp(join(tmpdir(), "larder-elsewhere-"));
  });
  afterEach(() => disk.fail());
  afterAll(async () => {
    await larder.stop();
    await disk.remove();
    await rm(elsewhere, { recursive: true });
  });

  const url = () => larder.larder.url;
  const fileOf = (digest: string) =>
    join(larder.larder.dataFolder, "blobs", "sha256", digest.slice(7, 9), digest.slice(7));
  const unreadable = async (digest: string): Promise<Failing> => ({
    operation: "read",
    code: "EIO",
    part: await disk.partFor(fileOf(digest)),
  });
  const layerOf = ({ blobs }: Image) => blobs[1]?.digest ?? "";
  const rotten = async () =>
    (await (await fetch(`${url()}/metrics`)).text()).match(/^larder_rotten_blobs\{.*$/gm)?.join();

  async function pulled(): Promise<Image> {
    const tag = freshTag();
    const image = larder.addImage(tag);
    await larder.manifest(tag);
    for (const { digest } of image.blobs) await send("GET", larder.blobUrl(digest));
    return image;
  }

  async function pushed(name: string): Promise<Image> {
    const image = makeImage();
    await pushImage(url(), name, image, "1");
    return image;
  }

  test("the very first pull of a cached blob that cannot be read gets it from its registry", async () => {
    const layer = layerOf(await pulled());
    await disk.fail(await unreadable(layer));
    const { status, bytes } = await send("GET", larder.blobUrl(layer));
    expect([status, digestOf(bytes)]).toEqual([200, layer]);
    await until("the right bytes are here again", async () => larder.larder.output().includes('"healed"'));
    expect(await rotten()).toContain(`{rot="unreadable"} 0`);
  });

  test("a pull of a pushed one says what is wrong; verify, doctor and metrics do; it is not moved away, and healed by itself", async () => {
    const name = freshName();
    const layer = layerOf(await pushed(name));
    await disk.fail(await unreadable(layer));
    const refused = await send("GET", blobUrl(url(), name, layer));
    expect(refused.status).toBe(503);
    expect(refused.text).toContain("the disk reports a read or write error");
    const verified = await runLarder(url(), "verify");
    expect(verified.status).toBe(1);
    expect(verified.output).toContain(`${layer}\tunreadable`);
    expect(verified.output).toContain(`local/${name}:1`);
    expect((await runLarder(url(), "doctor")).output).toContain("not to be read");
    expect(await (await fetch(`${url()}/api/v1/health`)).text()).toContain("not to be read");
    expect(await rotten()).toContain(`{rot="unreadable"} 1`);
    // A collection, too, leaves it where it is.
    await runLarder(url(), "gc", "--aside", "0s");
    expect(await readdir(larder.larder.dataFolder)).not.toContain("aside");
    await disk.fail();
    expect((await runLarder(url(), "verify")).status).toBe(0);
    expect((await send("GET", blobUrl(url(), name, layer))).status).toBe(200);
    expect(await rotten()).toContain(`{rot="unreadable"} 0`);
  }, 30_000);

  test("who was cut off in the middle of a layer gets the rest where it asks for the rest", async () => {
    const layer = makeBlob(3 << 20);
    const { manifest, blobs } = makeImage({ layers: [descriptorOf(layer, TYPE.layer)] });
    const tag = freshTag();
    larder.upstream.addImage({ manifest, blobs: [...blobs.slice(0, 1), layer] }, tag);
    await larder.manifest(tag);
    await send("GET", larder.blobUrl(layer.digest));
    await disk.fail(await unreadable(layer.digest));
    const rest = await send("GET", larder.blobUrl(layer.digest), { headers: { Range: "bytes=1000000-" } });
    expect(rest.status).toBe(206);
    expect(rest.bytes).toEqual(layer.bytes.subarray(1_000_000));
  }, 30_000);

  test("a backup has all the others, names the one, and is whole once the disk gives it again", async () => {
    const name = freshName();
    const layer = layerOf(await pushed(name));
    const into = join(elsewhere, "backup");
    await disk.fail(await unreadable(layer));
    const made = await runLarder(url(), "backup", into);
    expect(made.status).toBe(1);
    expect(made.output + made.errors).toContain(layer);
    expect(await runLarder(url(), "backup", join(elsewhere, "backup.tar"))).toMatchObject({ status: 1 });
    await disk.fail();
    expect((await runLarder(url(), "backup", into)).status).toBe(0);
    expect(Bun.spawnSync([PROGRAM, "backup", "--check", into]).exitCode).toBe(0);
  }, 30_000);

  test.each([
    ["write", "EIO", "uploads", 503],
    ["write", "ENOSPC", "uploads", 507],
    ["write", "EROFS", "uploads", 503],
    ["sync", "EIO", "uploads", 503],
    ["write", "EIO", "larder.db", 500],
    ["write", "ENOSPC", "larder.db", 507],
    ["sync", "EIO", "larder.db-wal", 500],
  ] as const)(
    "a push is refused where to %s gives %s in %s, nothing of it is seen, and the next one succeeds",
    async (operation, code, part, least) => {
      const name = freshName();
      const image = makeImage();
      await disk.fail({ operation, code, part });
      const refusal = await pushImage(url(), name, image, "1").then(
        () => "it was not refused",
        (error: unknown) => String(error),
      );
      expect(Number(/status (5\d\d)/.exec(refusal)?.[1])).toBeGreaterThanOrEqual(least);
      if (least > 500) expect(refusal).toMatch(/disk/);
      await disk.fail();
      expect((await send("GET", manifestUrl(url(), name, "1"))).status).toBe(404);
      await pushImage(url(), name, image, "1");
      expect((await runLarder(url(), "verify", `${name}:1`)).status).toBe(0);
    },
    30_000,
  );

  test.each(["EIO", "ENOSPC"] as const)("a pull is answered though nothing can be kept (%s)", async (code) => {
    const tag = freshTag();
    const image = larder.addImage(tag);
    await disk.fail({ operation: "write", code, part: "uploads" });
    const manifest = await larder.manifest(tag);
    expect([manifest.status, digestOf(manifest.bytes)]).toEqual([200, image.manifest.digest]);
    for (const { digest } of image.blobs) {
      const { status, bytes } = await send("GET", larder.blobUrl(digest));
      expect([status, digestOf(bytes)]).toEqual([200, digest]);
    }
  });
});
