import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../oci/digest.ts";
import { blobsContract } from "./blobs.contract.ts";
import { FilesystemBlobs } from "./blobs-filesystem.ts";
import { MemoryBlobs } from "./blobs-memory.ts";
import { newUploadId } from "./blobs.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { FilesystemUploads } from "./uploads-filesystem.ts";

blobsContract("blobs in memory", async () => {
  const { blobs, uploads } = new MemoryBlobs();
  return { blobs, uploads, dispose: async () => {} };
});

blobsContract("blobs in files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-blobs-"));
  const dispose = () => rm(folder, { recursive: true });
  return {
    blobs: new FilesystemBlobs(folder),
    uploads: new FilesystemUploads(folder, new DiskReserve(folder)),
    dispose,
  };
});

test("an upload goes on after a restart, and its digest is that of all its bytes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-blobs-"));
  const id = newUploadId();
  const before = new FilesystemUploads(folder, new DiskReserve(folder));
  await before.create(id, "sha256");
  await before.append(id, chunk("before the restart, "), 1000);
  const after = new FilesystemUploads(folder, new DiskReserve(folder));
  expect(await after.size(id)).toBe(20);
  await after.append(id, chunk("and after"), 1000);
  const digest = digestOf("before the restart, and after");
  await after.commit(id, digest);
  expect(await readdir(join(folder, "uploads"))).toEqual([]);
  expect(await readdir(join(folder, "blobs/sha256", digest.slice(7, 9)))).toEqual([digest.slice(7)]);
  await rm(folder, { recursive: true });
});

test("files that are no blobs are passed over in a listing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-blobs-"));
  await mkdir(join(folder, "blobs/sha256/ab"), { recursive: true });
  await writeFile(join(folder, "blobs/sha256/ab/README"), "not a blob");
  await writeFile(join(folder, "blobs/sha256/ab", "cd".repeat(32)), "in the wrong folder");
  await writeFile(join(folder, "blobs/sha256/README"), "in a folder of folders");
  expect(await Array.fromAsync(new FilesystemBlobs(folder).list())).toEqual([]);
  await rm(folder, { recursive: true });
});

test("a blob whose file was cut short is replaced when it is pushed again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-blobs-"));
  const digest = digestOf("whole");
  await mkdir(join(folder, "blobs/sha256", digest.slice(7, 9)), { recursive: true });
  await writeFile(join(folder, "blobs/sha256", digest.slice(7, 9), digest.slice(7)), "who");
  const [uploads, id] = [new FilesystemUploads(folder, new DiskReserve(folder)), newUploadId()];
  await uploads.create(id, "sha256");
  await uploads.append(id, chunk("whole"), 1000);
  await uploads.commit(id, digest);
  expect(await new Response(await new FilesystemBlobs(folder).read(digest, null)).text()).toBe("whole");
  await rm(folder, { recursive: true });
});

async function* chunk(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text);
}
