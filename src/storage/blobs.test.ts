import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestOf } from "../oci/digest.ts";
import { asidePath, blobPath } from "./filesystem/blob-folder.ts";
import { blobsContract } from "./blobs.contract.ts";
import { FilesystemBlobs } from "./filesystem/blobs-filesystem.ts";
import { MemoryBlobs } from "./memory/blobs-memory.ts";
import { newUploadId } from "./blobs.ts";
import { DiskReserve } from "./filesystem/disk-reserve.ts";
import { FilesystemSpool } from "./filesystem/spool-filesystem.ts";

blobsContract("blobs in memory", async () => {
  const { blobs, spool } = new MemoryBlobs();
  return { blobs, spool, dispose: async () => {} };
});

blobsContract("blobs in files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-blobs-"));
  const dispose = () => rm(folder, { recursive: true });
  return {
    blobs: new FilesystemBlobs(folder),
    spool: new FilesystemSpool(folder, new DiskReserve(folder)),
    dispose,
  };
});

test("an upload goes on after a restart, and its digest is that of all its bytes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-blobs-"));
  const id = newUploadId();
  const before = new FilesystemSpool(folder, new DiskReserve(folder));
  await before.create(id, "sha256");
  await before.append(id, chunk("before the restart, "), 1000);
  const after = new FilesystemSpool(folder, new DiskReserve(folder));
  expect(await after.size(id)).toBe(20);
  await after.append(id, chunk("and after"), 1000);
  const digest = digestOf("before the restart, and after");
  await new FilesystemBlobs(folder).put(digest, await after.seal(id, digest));
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

describe("a push of what is in a blob's place already", () => {
  const digest = digestOf("whole");
  let folder: string;
  let place: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-blobs-"));
    place = blobPath(folder, digest);
    await mkdir(dirname(place), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function push(): Promise<string> {
    const [uploads, id] = [new FilesystemSpool(folder, new DiskReserve(folder)), newUploadId()];
    await uploads.create(id, "sha256");
    await uploads.append(id, chunk("whole"), 1000);
    await new FilesystemBlobs(folder).put(digest, await uploads.seal(id, digest));
    expect(await readdir(join(folder, "uploads"))).toEqual([]);
    return new Response(await new FilesystemBlobs(folder).read(digest, null)).text();
  }

  test("replaces a file that was cut short", async () => {
    await writeFile(place, "who");
    expect(await push()).toBe("whole");
  });

  test("replaces one of the same size, for its bytes may have changed; who reads it reads on", async () => {
    await writeFile(place, "whale");
    const reader = await open(place);
    expect(await push()).toBe("whole");
    expect(await reader.readFile("utf8")).toBe("whale");
    await reader.close();
  });

  test("replaces a link, and leaves alone what it leads to", async () => {
    await writeFile(join(folder, "elsewhere"), "precious");
    await symlink(join(folder, "elsewhere"), place);
    expect(await push()).toBe("whole");
    expect(await readFile(join(folder, "elsewhere"), "utf8")).toBe("precious");
  });

  test("replaces a folder, which is set aside with what is in it", async () => {
    await mkdir(place);
    await writeFile(join(place, "file"), "precious");
    expect(await push()).toBe("whole");
    expect(await readFile(join(asidePath(folder, digest, "damaged"), "file"), "utf8")).toBe("precious");
  });
});

async function* chunk(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text);
}
