/** A disk that never fills: cached images make way, pushed and pinned ones do not. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { descriptorOf, digestOf, type Image, makeBlob, makeImage, TYPE } from "../conformance/content-factory.ts";
import { pushBlob, pushImage, send } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { runLarder } from "./larder-command.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

const MIB = 1 << 20;

/** An image with one layer of that size. */
function imageOf(layerBytes: number): Image {
  const layer = makeBlob(layerBytes);
  const image = makeImage({ layers: [descriptorOf(layer, TYPE.layer)] });
  return { manifest: image.manifest, blobs: [...image.blobs.slice(0, 1), layer] };
}

/** Pulls an image as a node does. Throws unless all of it comes, byte for byte. */
async function pull(lab: PullThrough, tag: string, image: Image): Promise<void> {
  const manifest = await lab.manifest(tag);
  expect([tag, manifest.status, digestOf(manifest.bytes)]).toEqual([tag, 200, image.manifest.digest]);
  await Promise.all(
    image.blobs.map(async ({ digest }) => {
      const reply = await send("GET", lab.blobUrl(digest));
      expect([tag, reply.status, digestOf(reply.bytes)]).toEqual([tag, 200, digest]);
    }),
  );
}

function publish(lab: PullThrough, tag: string, layerBytes: number): Image {
  const image = imageOf(layerBytes);
  lab.upstream.addImage(image, tag);
  return image;
}

async function bytesOn(lab: PullThrough): Promise<number> {
  const du = Bun.spawn(["du", "-sb", "--exclude=reserve", lab.larder.dataFolder], { stdout: "pipe" });
  return Number((await du.stdout.text()).split("\t")[0]);
}

const tagsOf = async (lab: PullThrough) => {
  const { output } = await runLarder(lab.larder.url, "ls", "--json", HOST);
  return (JSON.parse(output) as { image: string }[]).map(({ image }) => image.slice(image.lastIndexOf(":") + 1));
};

describe("with a limit to the data folder", () => {
  let lab: PullThrough;
  const LIMIT = 20 * MIB;
  beforeAll(async () => {
    lab = await PullThrough.start({ arguments: ["--max-size", "20MiB", "--keep-free", "0"] });
  });
  afterEach(() => lab.upstream.behave());
  afterAll(() => lab.stop());

  test("the images that were pulled longest ago go, and the limit is kept", async () => {
    const images = Array.from({ length: 30 }, (_, i) => [`a${i}`, publish(lab, `a${i}`, 2 * MIB)] as const);
    for (const [tag, image] of images) {
      await pull(lab, tag, image);
      // The first one is pulled again and again.
      await pull(lab, "a0", images[0]?.[1] as Image);
      expect(await bytesOn(lab)).toBeLessThan(LIMIT);
    }
    const left = await tagsOf(lab);
    expect(left).toContain("a0");
    expect(left).toContain("a29");
    expect(left).not.toContain("a1");
    expect(left.length).toBeWithin(5, 10);
    const metrics = await (await fetch(`${lab.larder.url}/metrics`)).text();
    expect(Number(/^larder_evicted_images_total (\d+)$/m.exec(metrics)?.[1])).toBe(30 - left.length);
    expect(lab.larder.output()).toContain("evicted");
  }, 60_000);

  test("what was evicted is whole gone, and comes again from upstream; who reads it meanwhile reads to the end", async () => {
    const image = publish(lab, "again", 3 * MIB);
    await pull(lab, "again", image);
    const layer = image.blobs[1]?.digest ?? "";
    const reading = await fetch(lab.blobUrl(layer));
    for (let i = 0; i < 12; i++) await pull(lab, `push-out-${i}`, publish(lab, `push-out-${i}`, 2 * MIB));
    expect(await tagsOf(lab)).not.toContain("again");
    const names = (await lab.files("blobs")).join();
    for (const { digest } of image.blobs) expect(names).not.toContain(digest.slice(7));
    expect(digestOf(new Uint8Array(await reading.arrayBuffer()))).toBe(layer);
    await pull(lab, "again", image);
    expect(await tagsOf(lab)).toContain("again");
  }, 60_000);

  test("what is pinned stays, by its tag, its digest or a pattern", async () => {
    const pinned = await Promise.all(
      ["pin-tag", "pin-digest", "pin-pattern-1"].map(async (tag) => {
        const image = publish(lab, tag, MIB);
        await pull(lab, tag, image);
        return [tag, image] as const;
      }),
    );
    const pins = [
      `${HOST}/${PATH}:pin-tag`,
      `${HOST}/${PATH}@${pinned[1]?.[1].manifest.digest}`,
      `${HOST}/**:pin-pattern-*`,
    ];
    expect((await runLarder(lab.larder.url, "pin", ...pins)).status).toBe(0);
    for (let i = 0; i < 15; i++) await pull(lab, `more-${i}`, publish(lab, `more-${i}`, 2 * MIB));
    expect(await tagsOf(lab)).toEqual(expect.arrayContaining(["pin-tag", "pin-digest", "pin-pattern-1"]) as string[]);
    expect((await runLarder(lab.larder.url, "has", ...pins.slice(0, 2))).status).toBe(0);
    await runLarder(lab.larder.url, "unpin", ...pins);
    for (let i = 0; i < 12; i++) await pull(lab, `less-${i}`, publish(lab, `less-${i}`, 2 * MIB));
    expect((await tagsOf(lab)).filter((tag) => tag.startsWith("pin-"))).toEqual([]);
  }, 90_000);

  test("what is too large for the limit is passed on, and nothing goes for it", async () => {
    const before = await tagsOf(lab);
    const image = publish(lab, "huge", 25 * MIB);
    await pull(lab, "huge", image);
    expect((await tagsOf(lab)).filter((tag) => tag !== "huge")).toEqual(before);
    expect(await bytesOn(lab)).toBeLessThan(LIMIT);
  }, 60_000);

  test("fifty pulls at once are all answered, and the limit is kept", async () => {
    const images = Array.from({ length: 50 }, (_, i) => [`at-once-${i}`, publish(lab, `at-once-${i}`, MIB)] as const);
    await Promise.all(images.map(([tag, image]) => pull(lab, tag, image)));
    // What the database has written ahead meanwhile is seen with the next pull that is half a minute later.
    expect(await bytesOn(lab)).toBeLessThan(LIMIT + 4 * MIB);
  }, 60_000);

  test("pushes push cached images out, are never evicted, and may be more than the limit", async () => {
    const own = Array.from({ length: 11 }, () => imageOf(2 * MIB));
    for (const [index, image] of own.entries()) await pushImage(lab.larder.url, "own/app", image, `v${index}`);
    await until("the cached images are gone", async () => (await tagsOf(lab)).length === 0);
    for (const [index, image] of own.entries()) {
      for (const { digest } of image.blobs) {
        expect((await send("HEAD", `${lab.larder.url}/v2/own/app/blobs/${digest}`)).status, `${index}`).toBe(200);
      }
    }
    await pull(lab, "no-room", publish(lab, "no-room", MIB));
    expect(lab.larder.output()).toContain("nothing is left that may be evicted");
    expect((lab.larder.output().match(/nothing is left that may be evicted/g) ?? []).length).toBe(1);
    const doctor = await fetch(`${lab.larder.url}/api/v1/health`);
    expect(await doctor.json()).toMatchObject({ spaceProblem: expect.stringContaining("pinned stays") as string });
  }, 60_000);
});

test("a backup that is fetched slowly is whole, whatever is evicted, removed and collected meanwhile; and no image goes for nothing", async () => {
  const lab = await PullThrough.start({
    arguments: ["--max-size", "40MiB", "--keep-free", "0", "--gc-grace", "1ms"],
  });
  const folder = await mkdtemp(join(tmpdir(), "larder-test-held-"));
  try {
    const [before, count] = [30, 20];
    for (let i = 0; i < before; i++) await pull(lab, `old-${i}`, publish(lab, `old-${i}`, MIB));
    for (let i = 0; i < 5; i++) await pushImage(lab.larder.url, "own/app", imageOf(MIB), `v${i}`);
    const archive = join(folder, "backup.tar");
    const { host } = new URL(lab.larder.url);
    const making = Bun.spawn([join(import.meta.dir, "..", "..", "larder"), "backup", "-", "--registry", host], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    const pieces = making.stdout.getReader();
    const writer = Bun.file(archive).writer();
    // It has begun, and goes on for as long as somebody reads.
    const first = await pieces.read();
    if (!first.done) await writer.write(first.value);
    for (let i = 0; i < count; i++) {
      await pull(lab, `new-${i}`, publish(lab, `new-${i}`, MIB));
      if (i < 5) await send("DELETE", `${lab.larder.url}/api/v1/images/local/own/app:v${i}`);
      if (i % 4 === 0) await runLarder(lab.larder.url, "gc");
    }
    // What was evicted first takes its space until the backup has it: nothing more goes for that.
    const left = await tagsOf(lab);
    expect(left.filter((tag) => tag.startsWith("old-")).length).toBeGreaterThan(before - 10);
    expect(lab.larder.output()).toContain("given back when the backup");
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) await writer.write(piece.value);
    await writer.end();
    expect(await making.exited).toBe(0);
    const check = Bun.spawn([join(import.meta.dir, "..", "..", "larder"), "backup", "--check", archive], {
      stdout: "pipe",
      stderr: "pipe",
    });
    expect([await check.stderr.text(), await check.exited]).toEqual(["", 0]);
    // Then there is room again, and what is pulled is kept.
    for (let i = 0; i < 6; i++) await pull(lab, `then-${i}`, publish(lab, `then-${i}`, MIB));
    expect(await tagsOf(lab)).toEqual(expect.arrayContaining(["then-0", "then-5"]) as string[]);
    expect(await bytesOn(lab)).toBeLessThan(40 * MIB);
  } finally {
    await lab.stop();
    await rm(folder, { recursive: true });
  }
}, 120_000);

const lab = requirement("root", "mount", "umount");

describe.skipIf(!lab.met)("on a small disk", () => {
  let disk: string;
  let larder: PullThrough;
  const KEPT = 12 * MIB;
  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), "larder-test-small-"));
    run("mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", disk);
    larder = await PullThrough.start({ dataFolder: disk, arguments: ["--keep-free", "20%"] });
  });
  afterAll(async () => {
    await larder.stop().catch(() => {}); // The folder is a mount, which cannot be removed.
    run("umount", disk);
    await rm(disk, { recursive: true });
  });

  function run(...command: string[]): void {
    const { success, stderr } = Bun.spawnSync(command);
    if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  }

  test("as much stays free as was said while 200 images are pulled through", async () => {
    let least = Number.POSITIVE_INFINITY;
    const watch = setInterval(async () => {
      const { bavail, bsize } = await statfs(disk);
      least = Math.min(least, bavail * bsize);
    }, 5);
    for (let i = 0; i < 200; i += 4) {
      const some = Array.from({ length: 4 }, (_, j) => [`i${i + j}`, publish(larder, `i${i + j}`, MIB)] as const);
      await Promise.all(some.map(([tag, image]) => pull(larder, tag, image)));
    }
    clearInterval(watch);
    // Its database and what is written down beside it grow meanwhile, unasked.
    expect(least).toBeGreaterThan(KEPT - 2 * MIB);
  }, 120_000);

  test("what somebody else takes of the disk is made up for", async () => {
    await pushBlob(larder.larder.url, "own/app", makeBlob(8 * MIB));
    await until("so much is free again", async () => {
      const { bavail, bsize } = await statfs(disk);
      return bavail * bsize > KEPT - 2 * MIB;
    });
  }, 60_000);
});
