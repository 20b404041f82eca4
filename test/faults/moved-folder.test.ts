/** The data folder, or a part of it, that goes away under a running larder: nothing is acknowledged that goes nowhere. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshName, type Image, makeBlob, makeImage } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import {
  blobUrl,
  manifestUrl,
  pushImage,
  putManifest,
  type Reply,
  send,
  startUpload,
} from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { runLarder } from "./larder-command.ts";
import { PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const name = freshName();
let parent: string;
let folder: string;
let lab: PullThrough;
let image: Image;

async function open(wrapper: readonly string[] = []): Promise<void> {
  parent = await mkdtemp(join(tmpdir(), "larder-test-moved-"));
  folder = join(parent, "data");
  lab = await PullThrough.start({ dataFolder: folder, wrapper });
  image = makeImage();
  await pushImage(lab.larder.url, name, image, "1");
}

afterEach(async () => {
  await lab.stop();
  await rm(parent, { recursive: true, force: true });
});

/** Every way of writing, each with its outcome. */
async function write(): Promise<readonly Reply[]> {
  const { url } = lab.larder;
  const blob = makeBlob();
  return [
    await send("POST", `${url}/v2/${name}/blobs/uploads/?digest=${blob.digest}`, { body: blob.bytes }),
    await send("POST", `${url}/v2/${name}/blobs/uploads/`),
    await putManifest(url, name, image.manifest, "2"),
    await send("DELETE", manifestUrl(url, name, "1")),
    await send(
      "POST",
      `${url}/v2/other/blobs/uploads/?mount=${image.blobs[0]?.digest}&from=${encodeURIComponent(name)}`,
    ),
  ];
}

/** Writes are refused with the reason, which the log has once. */
async function expectNoWrites(reason: string): Promise<void> {
  for (const reply of await write()) {
    // A blob or manifest that is not on disk any more cannot be relied on in any case.
    if (reply.status === 400) expectError(reply, 400, "MANIFEST_BLOB_UNKNOWN");
    else expect(JSON.stringify(expectError(reply, 503, "UNAVAILABLE"))).toContain(reason);
  }
  const [healthy, ready] = [
    await send("GET", `${lab.larder.url}/healthz`),
    await send("GET", `${lab.larder.url}/readyz`),
  ];
  expect([healthy.status, ready.status]).toEqual([200, 503]);
  expect(Buffer.from(ready.bytes).toString()).toContain(reason);
  const { status, errors } = await runLarder(lab.larder.url, "gc");
  expect({ status, isTold: errors.includes("nothing is written") }).toEqual({ status: 1, isTold: true });
  // Besides to each who asks.
  const told = lab.larder.output().match(/^.*nothing is written.*$/gm) ?? [];
  expect(told.filter((line) => !line.includes('"message":"request"'))).toHaveLength(1);
}

describe("a running larder", () => {
  beforeEach(() => open());

  test("whose data folder is removed takes nothing, and ends in good order", async () => {
    await rm(folder, { recursive: true });
    await expectNoWrites(`${folder} is gone`);
    expect((await send("GET", manifestUrl(lab.larder.url, name, "1"))).bytes).toEqual(image.manifest.bytes);
    expect(await lab.larder.stop()).toBe(0);
    // Where it writes down that it runs is beside it in these tests.
    expect((await readdir(parent)).filter((name) => !name.endsWith("-run"))).toEqual([]);
  });

  test("in the place of whose data folder there is an empty one leaves that alone, and goes on when its own is back", async () => {
    await rename(folder, join(parent, "away"));
    await mkdir(folder);
    await expectNoWrites(`${folder} is another one now`);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
    await rename(join(parent, "away"), folder);
    await pushImage(lab.larder.url, name, makeImage(), "3");
    await until("it is told", () => lab.larder.output().includes("larder writes again"));
    expect((await send("GET", `${lab.larder.url}/readyz`)).status).toBe(200);
  });

  test("says so in its log although nobody writes", async () => {
    await rm(join(folder, "blobs"), { recursive: true });
    await until("it is told", () => lab.larder.output().includes("nothing is written"), 20_000);
  });

  test.each(["larder.db", "larder.db-wal", "blobs", "uploads"])("whose %s is removed takes nothing", async (part) => {
    const session = await startUpload(lab.larder.url, name);
    await rm(join(folder, part), { recursive: true });
    expectError(await send("PATCH", session, { body: makeBlob().bytes }), part === "uploads" ? 404 : 503);
    await expectNoWrites(join(folder, part));
  });

  test("serves what upstream has, although it cannot keep it", async () => {
    const cold = lab.addImage("cold");
    await rm(folder, { recursive: true });
    expect((await lab.manifest("cold")).bytes).toEqual(cold.manifest.bytes);
    for (const { digest, bytes } of cold.blobs) {
      expect((await send("GET", lab.blobUrl(digest))).bytes).toEqual(bytes);
    }
    // Where it writes down that it runs is beside it in these tests.
    expect((await readdir(parent)).filter((name) => !name.endsWith("-run"))).toEqual([]);
  });
});

const namespaces = requirement("namespaces", "unshare", "nsenter", "mount", "umount");

describe.skipIf(!namespaces.met)("a running larder on whose data folder another file system is mounted", () => {
  beforeEach(() => open(["unshare", "--mount", "--propagation", "private", "--"]));

  const inside = (...command: readonly string[]) => {
    const { success, stderr } = Bun.spawnSync(["nsenter", `--target=${lab.larder.pid}`, "--mount", "--", ...command]);
    if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  };

  test("takes nothing until it is unmounted", async () => {
    inside("mount", "-t", "tmpfs", "tmpfs", folder);
    await expectNoWrites(folder);
    inside("umount", folder);
    await pushImage(lab.larder.url, name, makeImage(), "3");
    for (const { digest } of image.blobs) {
      expect((await send("GET", blobUrl(lab.larder.url, name, digest))).status).toBe(200);
    }
  });

  test("takes nothing while it may only be read, and says so", async () => {
    inside("mount", "--bind", folder, folder);
    inside("mount", "-o", "remount,bind,ro", folder);
    await expectNoWrites(`the file system of ${folder} is read-only now`);
    expect((await send("GET", manifestUrl(lab.larder.url, name, "1"))).bytes).toEqual(image.manifest.bytes);
    inside("umount", folder);
    await pushImage(lab.larder.url, name, makeImage(), "3");
  });
});
