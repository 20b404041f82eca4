import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { descriptorOf, digestOf, type Image, makeBlob, makeImage, TYPE } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { pushBlob, pushImage, send } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { endingOf, PullThrough } from "./pull-through.ts";

const DISK_MIB = 30;
const lab = requirement("root", "mount", "umount");

describe.skipIf(!lab.met)("on a disk that is full to the last byte", () => {
  let disk: string;
  let larder: PullThrough;
  let cached: Image;
  const own = makeBlob(50_000);

  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), "larder-test-full-"));
    run("mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", disk);
    // A cached tag is asked for again at every pull, and the answer written down.
    larder = await PullThrough.start({ dataFolder: disk, arguments: ["--tags", "always", "--keep-free", "0"] });
    cached = larder.addImage("cached");
    await larder.manifest("cached");
    for (const { digest } of cached.blobs) await send("GET", larder.blobUrl(digest));
    await larder.manifest("cached", "team/again");
    await pushBlob(larder.larder.url, "own/app", own);
    await pushBig();
    fill();
  });
  afterEach(() => larder.upstream.behave());
  afterAll(async () => {
    await larder.stop().catch(() => {}); // The folder is a mount, which cannot be removed.
    run("umount", disk);
    await rm(disk, { recursive: true });
  });

  /** An image whose layer leaves room for more than the reserve when it goes. */
  async function pushBig(): Promise<void> {
    const layer = makeBlob(6 << 20);
    const image = makeImage({ layers: [descriptorOf(layer, TYPE.layer)] });
    await pushBlob(larder.larder.url, "own/big", layer);
    await pushImage(larder.larder.url, "own/big", image, "v1");
  }

  function run(...command: string[]): void {
    const { success, stderr } = Bun.spawnSync(command);
    if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  }

  function fill(): void {
    const file = openSync(join(disk, "filler"), "a");
    for (let bytes = 1 << 20; bytes > 0; ) {
      try {
        if (writeSync(file, new Uint8Array(bytes)) === 0) bytes = 0;
      } catch {
        bytes >>= 1;
      }
    }
    closeSync(file);
  }

  test("a cached tag that is due for a check is served, and its blobs are", async () => {
    const reply = await larder.manifest("cached");
    expect(reply.status).toBe(200);
    expect(reply.bytes).toEqual(cached.manifest.bytes);
    for (const { digest } of cached.blobs) {
      expect(digestOf((await send("GET", larder.blobUrl(digest))).bytes)).toBe(digest);
      expect((await send("HEAD", larder.blobUrl(digest))).status).toBe(200);
    }
  });

  test("what another repository brought serves one that names it, without upstream", async () => {
    for (const { digest, bytes } of cached.blobs) {
      const before = larder.upstream.count({ reference: digest });
      expect((await send("GET", larder.blobUrl(digest, "team/again"))).bytes).toEqual(bytes);
      expect(larder.upstream.count({ reference: digest })).toBe(before);
    }
  });

  test("what is pushed already is there for HEAD and GET", async () => {
    const url = `${larder.larder.url}/v2/own/app/blobs/${own.digest}`;
    expect((await send("HEAD", url)).status).toBe(200);
    expect((await send("GET", url)).bytes).toEqual(own.bytes);
  });

  test("an image that is not here is handed on from upstream, whole and in ranges", async () => {
    const image = larder.addImage("cold");
    const reply = await larder.manifest("cold");
    expect([reply.status, digestOf(reply.bytes)]).toEqual([200, image.manifest.digest]);
    for (const { digest, bytes } of image.blobs) {
      expect((await send("GET", larder.blobUrl(digest))).bytes).toEqual(bytes);
      const part = await send("GET", larder.blobUrl(digest), { headers: { Range: "bytes=1-9" } });
      expect([part.status, part.bytes]).toEqual([206, bytes.slice(1, 10)]);
    }
    expect(await larder.files("uploads")).toEqual([]);
  });

  test("a blob that breaks off at upstream is resumed, and one of which nothing comes is a 502", async () => {
    const [broken, hopeless] = [makeBlob(300_000), makeBlob(300_000)];
    larder.upstream.add(broken, hopeless);
    for (const afterBytes of [0, 100_000]) {
      larder.upstream.misbehave({ reference: broken.digest, method: "GET" }, { kind: "cut", afterBytes }, 1);
    }
    larder.upstream.misbehave({ reference: hopeless.digest, method: "GET" }, { kind: "cut", afterBytes: 0 });
    expect(digestOf((await send("GET", larder.blobUrl(broken.digest))).bytes)).toBe(broken.digest);
    expectError(await send("GET", larder.blobUrl(hopeless.digest)), 502, "UPSTREAM_UNAVAILABLE");
  }, 20_000);

  test("a tag that moved is served as upstream has it now", async () => {
    const before = larder.addImage("moving");
    expect((await larder.manifest("moving")).bytes).toEqual(before.manifest.bytes);
    const after = larder.addImage("moving");
    expect((await larder.manifest("moving")).bytes).toEqual(after.manifest.bytes);
  });

  test("wrong bytes from upstream are never handed on to their end", async () => {
    const blob = makeBlob(300_000);
    larder.upstream.add(blob);
    larder.upstream.misbehave({ reference: blob.digest, method: "GET" }, { kind: "wrong bytes" });
    // When all of them come at once, this is seen before the answer has begun.
    const { status, end } = await endingOf(larder.blobUrl(blob.digest));
    expect(status === 502 || end === "reset", `${status}, ${end}`).toBe(true);
  });

  test("pushes are refused, and leave no files", async () => {
    const uploads = `${larder.larder.url}/v2/own/app/blobs/uploads/`;
    const blob = makeBlob();
    expectError(await send("POST", `${uploads}?digest=${blob.digest}`, { body: blob.bytes }), 507, "STORAGE_FULL");
    for (let i = 0; i < 20; i++) expectError(await send("POST", uploads), 507, "STORAGE_FULL");
    expect(await larder.files("uploads")).toEqual([]);
  });

  const ask = (action: string, request: object) =>
    send("POST", `${larder.larder.url}/api/v1/${action}`, {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });

  test("larder starts, and serves", async () => {
    await larder.restart();
    expect((await larder.manifest("cached")).bytes).toEqual(cached.manifest.bytes);
  });

  test("images are removed and their space is given back; then pushes are taken again", async () => {
    const removed = await send("DELETE", `${larder.larder.url}/api/v1/images/local/own/big:v1`);
    expect(removed.status, removed.text).toBe(200);
    const collected = await ask("collections", {});
    expect(collected.status, collected.text).toBe(200);
    const blob = makeBlob();
    const url = `${larder.larder.url}/v2/own/app/blobs/uploads/?digest=${blob.digest}`;
    expect((await send("POST", url, { body: blob.bytes })).status).toBe(201);
  });
});
