import { afterAll, describe, expect, test } from "bun:test";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MemoryBlobs } from "./memory/blobs-memory.ts";
import { type BlobStore, newUploadId, type UploadId, type Spool, type Spooled } from "./blobs.ts";

/** Stores to try, and how to throw them away. */
export type BlobStores = { blobs: BlobStore; spool: Spool; dispose(): Promise<void> };

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** What `blobs.ts` promises, for one implementation. */
export function blobsContract(name: string, open: () => Promise<BlobStores>): void {
  describe(name, async () => {
    const stores = await open();
    const { blobs, spool } = stores;
    afterAll(() => stores.dispose());

    /** Keeps an upload under its digest. */
    const commit = async (id: UploadId, digest: Digest) => blobs.put(digest, await spool.seal(id, digest));

    async function push(bytes: Uint8Array, digest = digestOf(bytes)): Promise<Digest> {
      const id = newUploadId();
      await spool.create(id, "sha256");
      await spool.append(id, once(bytes), NO_LIMIT);
      await commit(id, digest);
      return digest;
    }

    test("a committed blob is read back whole, in ranges, with its size", async () => {
      const bytes = randomBytes(300_000);
      const digest = await push(bytes);
      expect(await blobs.size(digest)).toBe(bytes.byteLength);
      expect(await blobs.writtenAtMs(digest)).toBeWithin(Date.now() - 60_000, Date.now() + 60_000);
      expect(await content(blobs, digest, null)).toEqual(bytes);
      expect(await content(blobs, digest, { start: 10, end: 20 })).toEqual(bytes.slice(10, 20));
      expect(await content(blobs, digest, { start: 299_999, end: 300_000 })).toEqual(bytes.slice(299_999));
    });

    test("an empty blob and one under sha512 are blobs too", async () => {
      const empty = await push(new Uint8Array());
      expect(await blobs.size(empty)).toBe(0);
      expect(await content(blobs, empty, null)).toEqual(new Uint8Array());
      const bytes = randomBytes(1000);
      const digest = await push(bytes, digestOf(bytes, "sha512"));
      expect(await content(blobs, digest, null)).toEqual(bytes);
      expect(await blobs.size(digestOf(bytes))).toBeNull();
    });

    test("many are kept at once, each under its digest, and in the place of what is there", async () => {
      const contents = Array.from({ length: 40 }, (_, at) => randomBytes(at * 10));
      await push(contents[3] ?? randomBytes(1));
      const sealed = new Map<Digest, Spooled>();
      for (const bytes of contents) {
        const id = newUploadId();
        await spool.create(id, "sha256");
        await spool.append(id, once(bytes), NO_LIMIT);
        sealed.set(digestOf(bytes), await spool.seal(id, digestOf(bytes)));
      }
      await blobs.putAll(sealed);
      for (const bytes of contents) expect(await content(blobs, digestOf(bytes), null)).toEqual(bytes);
      const left = await Array.fromAsync(spool.list());
      expect(left).toEqual([]);
    });

    test("what is not here is null, and false to remove", async () => {
      const digest = digestOf("nobody pushed this");
      expect(await blobs.size(digest)).toBeNull();
      expect(await blobs.read(digest, null)).toBeNull();
      expect(await blobs.writtenAtMs(digest)).toBeNull();
      expect(await blobs.remove(digest)).toBe(false);
      expect(await spool.size(newUploadId())).toBeNull();
      expect(await spool.drop(newUploadId())).toBe(false);
    });

    test("bytes with another digest are refused, and nothing of them is kept", async () => {
      const id = newUploadId();
      await spool.create(id, "sha256");
      await spool.append(id, once(randomBytes(5000)), NO_LIMIT);
      const other = digestOf("something else");
      await expect(commit(id, other)).rejects.toMatchObject({ code: "DIGEST_INVALID" });
      expect(await spool.size(id)).toBeNull();
      expect(await blobs.size(other)).toBeNull();
    });

    test("an upload grows by appends, over a break, and counts what it has", async () => {
      const [a, b] = [randomBytes(70_000), randomBytes(2_500_000)];
      const id = newUploadId();
      await spool.create(id, "sha256");
      expect(await spool.append(id, once(a), NO_LIMIT)).toBe(a.byteLength);
      await expect(spool.append(id, broken(b.subarray(0, 1000)), NO_LIMIT)).rejects.toThrow("the client left");
      expect(await spool.size(id)).toBe(a.byteLength + 1000);
      await spool.append(id, once(b.subarray(1000)), NO_LIMIT);
      const whole = new Uint8Array(Buffer.concat([a, b]));
      expect(await commit(id, digestOf(whole))).toBe(whole.byteLength);
      expect(await content(blobs, digestOf(whole), null)).toEqual(whole);
    });

    test("an upload that grows past its limit is stopped", async () => {
      const id = newUploadId();
      await spool.create(id, "sha256");
      await expect(spool.append(id, once(randomBytes(2000)), 1999)).rejects.toMatchObject({ code: "SIZE_INVALID" });
      await spool.drop(id);
      await expect(spool.append(id, once(randomBytes(1)), NO_LIMIT)).rejects.toMatchObject({
        code: "BLOB_UPLOAD_UNKNOWN",
      });
      await expect(commit(id, digestOf(""))).rejects.toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
    });

    test("the content is there as a file of this machine, whatever it is kept in", async () => {
      const bytes = randomBytes(3000);
      const digest = await push(bytes);
      const path = await blobs.fileOf(digest);
      expect(await Bun.file(path ?? "").bytes()).toEqual(bytes);
      expect(await blobs.fileOf(digestOf("not here"))).toBeNull();
    });

    test("what is sealed is whole, and is in the spool until it is kept or dropped", async () => {
      const bytes = randomBytes(2000);
      const id = newUploadId();
      await spool.create(id, "sha256");
      await spool.append(id, once(bytes), NO_LIMIT);
      const spooled = await spool.seal(id, digestOf(bytes));
      expect(spooled.size).toBe(2000);
      expect(new Uint8Array(await spooled.read().arrayBuffer())).toEqual(bytes);
      expect(await blobs.size(digestOf(bytes))).toBeNull();
      expect(await spool.size(id)).toBe(2000);
      await spooled.drop();
      expect(await spool.size(id)).toBeNull();
      expect(await blobs.size(digestOf(bytes))).toBeNull();
    });

    test("a blob is kept out of any spool", async () => {
      const bytes = randomBytes(2_000_000);
      const other = new MemoryBlobs();
      const id = newUploadId();
      await other.spool.create(id, "sha256");
      await other.spool.append(id, once(bytes), NO_LIMIT);
      const digest = digestOf(bytes);
      expect(await blobs.put(digest, await other.spool.seal(id, digest))).toBe(bytes.byteLength);
      expect(await content(blobs, digest, null)).toEqual(bytes);
      expect(await other.spool.size(id)).toBeNull();
    });

    test("the same blob committed many times at once is one blob", async () => {
      const bytes = randomBytes(50_000);
      const digests = await Promise.all(Array.from({ length: 20 }, () => push(bytes)));
      expect((await collect(blobs.list())).filter((digest) => digest === digests[0])).toHaveLength(1);
      expect(await content(blobs, digestOf(bytes), null)).toEqual(bytes);
    });

    test("a reader that has begun goes on although the blob is removed", async () => {
      const bytes = randomBytes(4_000_000);
      const digest = await push(bytes);
      const body = await blobs.read(digest, null);
      const reader = new Response(body).body?.getReader();
      const first = await reader?.read();
      let total = first?.value?.byteLength ?? 0;
      expect(await blobs.remove(digest)).toBe(true);
      expect(await blobs.size(digest)).toBeNull();
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
        total += next.value.byteLength;
      }
      expect(total).toBe(bytes.byteLength);
    });

    test("a blob is read here and there, and on after it was removed", async () => {
      const bytes = randomBytes(300_000);
      const digest = await push(bytes);
      const reader = await blobs.open(digest);
      expect(await reader?.read(200_000, 1000)).toEqual(Buffer.from(bytes.subarray(200_000, 201_000)));
      await blobs.remove(digest);
      expect(await reader?.read(10, 5)).toEqual(Buffer.from(bytes.subarray(10, 15)));
      expect(await reader?.read(299_990, 1000)).toEqual(Buffer.from(bytes.subarray(299_990)));
      expect((await reader?.read(300_000, 1000))?.byteLength).toBe(0);
      await reader?.close();
      expect(await blobs.open(digest)).toBeNull();
    });

    test("an upload is read while it is written, and on after it was committed", async () => {
      const bytes = randomBytes(200_000);
      const id = newUploadId();
      await spool.create(id, "sha256");
      const reader = await spool.open(id);
      const gate = Promise.withResolvers<void>();
      const seen = Promise.withResolvers<number>();
      const chunks = async function* () {
        yield bytes.subarray(0, 1000);
        await gate.promise;
        yield bytes.subarray(1000);
      };
      const appended = spool.append(id, chunks(), NO_LIMIT, seen.resolve);
      expect(await seen.promise).toBe(1000);
      expect(await reader?.read(0, 5000)).toEqual(Buffer.from(bytes.subarray(0, 1000)));
      gate.resolve();
      await appended;
      await commit(id, digestOf(bytes));
      expect(await reader?.read(150_000, 100_000)).toEqual(Buffer.from(bytes.subarray(150_000)));
      await reader?.close();
      expect(await spool.open(id)).toBeNull();
    });

    test("uploads in flight are listed, and gone once committed or aborted", async () => {
      const id = newUploadId();
      await spool.create(id, "sha256");
      await spool.append(id, once(new Uint8Array(12)), NO_LIMIT);
      expect((await collect(spool.list())).find((upload) => upload.id === id)?.size).toBe(12);
      expect(await spool.drop(id)).toBe(true);
      expect((await collect(spool.list())).some((upload) => upload.id === id)).toBe(false);
    });
  });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function* broken(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
  throw new Error("the client left");
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

async function content(blobs: BlobStore, digest: Digest, range: { start: number; end: number } | null) {
  const body = await blobs.read(digest, range);
  return new Uint8Array(await new Response(body).arrayBuffer());
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
