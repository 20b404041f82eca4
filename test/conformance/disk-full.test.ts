import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement } from "../requirement.ts";
import { type Content, contentOf, freshName, makeBlob, makeIndex, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { type LarderProcess, startLarder } from "./larder-process.ts";
import {
  blobUrl,
  inPieces,
  manifestUrl,
  patchChunk,
  pushBlob,
  pushManifest,
  putManifest,
  send,
  startUpload,
  withQuery,
} from "./registry-client.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

const MIB = 1024 * 1024;
const DISK_MIB = 24;
/** Insufficient Storage (RFC 4918, 11.5). */
const FULL = 507;

const lab = requirement("root", "mount", "umount");

describe.skipIf(!lab.met || isForeignRegistry)("a full disk", () => {
  let disk: string;
  let larder: LarderProcess;
  const name = freshName("full");
  const kept = makeBlob(2 * MIB);
  const manifest = makeIndex([], { annotations: { nonce: missingDigest() } });
  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), "larder-test-disk-"));
    run("mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", disk);
    larder = await startLarder({ dataFolder: disk });
    await pushBlob(larder.url, name, kept);
    await pushManifest(larder.url, name, manifest, "kept");
  });
  afterAll(async () => {
    await larder.stop();
    run("umount", disk);
    await rm(disk, { recursive: true });
  });

  function run(...command: string[]): void {
    const { success, stderr } = Bun.spawnSync(command);
    if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  }

  async function usedBytes(): Promise<number> {
    const { blocks, bfree, bsize } = await statfs(disk);
    return (blocks - bfree) * bsize;
  }

  async function expectReadable(blob: Content): Promise<void> {
    const reply = await send("GET", blobUrl(larder.url, name, blob.digest));
    expect(contentOf(reply.bytes).digest).toBe(blob.digest);
    expect((await send("GET", manifestUrl(larder.url, name, "kept"))).bytes).toEqual(manifest.bytes);
  }

  /** Takes what is left of the disk, `leftBytes` excepted. */
  async function fill(leftBytes: number): Promise<string> {
    const { bfree, bsize } = await statfs(disk);
    const path = join(disk, "filler");
    await writeFile(path, new Uint8Array(Math.max(0, bfree * bsize - leftBytes)));
    return path;
  }

  const tooLarge = makeBlob((DISK_MIB + 8) * MIB);

  test.each(["POST", "PUT", "PUT in chunked transfer encoding"])(
    "refuses a %s that does not fit, gives the space back and goes on reading",
    async (how) => {
      const before = await usedBytes();
      const session = how === "POST" ? `${larder.url}/v2/${name}/blobs/uploads/` : await startUpload(larder.url, name);
      const body = how.endsWith("encoding") ? inPieces(tooLarge.bytes) : tooLarge.bytes;
      const reply = await send(how === "POST" ? "POST" : "PUT", withQuery(session, "digest", tooLarge.digest), {
        body,
      });
      expectError(reply, FULL);
      expect((await send("HEAD", blobUrl(larder.url, name, tooLarge.digest))).status).toBe(404);
      expect(await usedBytes()).toBeLessThan(before + MIB);
      await expectReadable(kept);
    },
    20_000,
  );

  test("refuses a PATCH that does not fit and gives the space back", async () => {
    const before = await usedBytes();
    const session = await startUpload(larder.url, name);
    expectError(await patchChunk(session, tooLarge.bytes, 0), FULL);
    expect(await usedBytes()).toBeLessThan(before + MIB);
    await expectReadable(kept);
    expect((await send("DELETE", session)).status).toBe(404);
  }, 20_000);

  test("refuses the chunk that fills it, keeps no part of that upload, and takes it anew once there is space", async () => {
    const blob = makeBlob(3 * MIB);
    const session = await startUpload(larder.url, name);
    expect((await patchChunk(session, blob.bytes.slice(0, MIB), 0)).status).toBe(202);
    const filler = await fill(0);
    try {
      expectError(await patchChunk(session, blob.bytes.slice(MIB, 2 * MIB), MIB), FULL);
      // The space of an upload that cannot go on is worth more than its bytes.
      expectError(await patchChunk(session, blob.bytes.slice(MIB, 2 * MIB), MIB), 404, "BLOB_UPLOAD_UNKNOWN");
      expect((await statfs(disk)).bfree * (await statfs(disk)).bsize).toBeGreaterThan(0.9 * MIB);
      await expectReadable(kept);
    } finally {
      await rm(filler);
    }
    await pushBlob(larder.url, name, blob);
    await expectReadable(blob);
    expect((await send("DELETE", blobUrl(larder.url, name, blob.digest))).status).toBe(202);
  });

  test("refuses manifests and tags, keeps those that are there, and takes new ones once there is space", async () => {
    const filler = await fill(0);
    const large = makeIndex([], { annotations: { large: "a".repeat(3 * MIB) } });
    try {
      expectError(await putManifest(larder.url, name, large, "large"), FULL);
      expect((await send("HEAD", manifestUrl(larder.url, name, "large"))).status).toBe(404);
      await expectReadable(kept);
      expect((await send("GET", `${larder.url}/v2/`)).status).toBe(200);
    } finally {
      await rm(filler);
    }
    await pushManifest(larder.url, name, large, "large");
    expect((await send("GET", manifestUrl(larder.url, name, "large"))).bytes).toEqual(large.bytes);
  });

  test("is left behind: a blob that fits is taken, and a restart finds everything", async () => {
    const blob = makeBlob(2 * MIB);
    await pushBlob(larder.url, name, blob);
    await larder.kill();
    larder = await startLarder({ dataFolder: disk });
    await expectReadable(blob);
    await expectReadable(kept);
  });
});
