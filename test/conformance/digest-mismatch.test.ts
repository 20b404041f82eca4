import { describe, expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ALGORITHMS, type Content, contentOf, freshName, makeBlob, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import {
  blobUrl,
  finishUpload,
  inPieces,
  patchChunk,
  type Reply,
  send,
  startUpload,
  withQuery,
} from "./registry-client.ts";
import { isForeignRegistry, registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

const OCTETS = { "Content-Type": "application/octet-stream" };
type Push = (name: string, blob: Content, claimed: string) => Promise<Reply>;

const WAYS: [string, Push][] = [
  [
    "POST with the digest",
    async (name, blob, claimed) =>
      await send("POST", withQuery(`${registry.url}/v2/${name}/blobs/uploads/`, "digest", claimed), {
        headers: OCTETS,
        body: blob.bytes,
      }),
  ],
  [
    "POST and PUT",
    async (name, blob, claimed) => await finishUpload(await startUpload(registry.url, name), claimed, blob.bytes),
  ],
  [
    "chunks and an empty PUT",
    async (name, blob, claimed) => {
      const session = await startUpload(registry.url, name);
      await patchChunk(session, blob.bytes.slice(0, 1000), 0);
      await patchChunk(session, blob.bytes.slice(1000), 1000);
      return await finishUpload(session, claimed);
    },
  ],
  [
    "chunks and a last chunk in the PUT",
    async (name, blob, claimed) => {
      const session = await startUpload(registry.url, name);
      await patchChunk(session, blob.bytes.slice(0, 1000), 0);
      return await finishUpload(session, claimed, blob.bytes.slice(1000));
    },
  ],
  [
    "a streamed PATCH",
    async (name, blob, claimed) => {
      const session = await startUpload(registry.url, name);
      await send("PATCH", session, { headers: OCTETS, body: inPieces(blob.bytes) });
      return await finishUpload(session, claimed);
    },
  ],
];

/** Bytes in the files of a folder whose content is not the database's. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = names
    // The reserve is filled while larder serves.
    .filter((name) => !name.includes("larder.db") && name !== "reserve")
    .map(async (name) => {
      const info = await stat(join(folder, name)).catch(() => null);
      return info?.isFile() ? info.size : 0;
    });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe.each(ALGORITHMS)("a wrong %s digest", (algorithm) => {
  test.each(WAYS)("by %s is 400 DIGEST_INVALID and leaves nothing to see", async (_way, push) => {
    const name = freshName();
    const blob = makeBlob(5000, algorithm);
    const claimed = missingDigest(algorithm);
    expectError(await push(name, blob, claimed), 400, "DIGEST_INVALID");
    for (const digest of [claimed, blob.digest, contentOf(blob.bytes, "sha256").digest]) {
      expect((await send("HEAD", blobUrl(registry.url, name, digest))).status).toBe(404);
    }
  });

  test.skipIf(isForeignRegistry).each(WAYS)("by %s gives its space back", async (_way, push) => {
    const { dataFolder } = registry.larder();
    const before = await bytesIn(dataFolder);
    await push(freshName(), makeBlob(3_000_000, algorithm), missingDigest(algorithm));
    expect(await bytesIn(dataFolder)).toBeLessThan(before + 1_000_000);
  });
});
