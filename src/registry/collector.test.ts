import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile, mkdir, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, digestOf } from "../oci/digest.ts";
import { type Namespace, parseRepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { FilesystemBlobs } from "../storage/blobs-filesystem.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import { openSqliteMetadata } from "../storage/metadata-sqlite.ts";
import { DiskReserve } from "../storage/disk-reserve.ts";
import { FilesystemUploads } from "../storage/uploads-filesystem.ts";
import { nameOf } from "./candidates.ts";
import { Collector } from "./collector.ts";
import { referencesOf } from "./manifest-references.ts";
import { parseManifest } from "../oci/manifest.ts";
import { Uploads } from "./uploads.ts";

const target = { namespace: "local" as Namespace, path: parseRepositoryPath("app") };
const LIMITS = { graceMs: 60_000, uploadExpiryMs: 60_000 };

let folder: string;
let metadata: MetadataStore;
let blobs: FilesystemBlobs;
let uploads: Uploads;
let collector: Collector;
let now = 1_000_000;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-collector-"));
  metadata = openSqliteMetadata(join(folder, "larder.db"));
  blobs = new FilesystemBlobs(folder);
  uploads = new Uploads(new FilesystemUploads(folder, new DiskReserve(folder)), blobs, metadata, () => now);
  collector = new Collector(blobs, metadata.collection, uploads, () => now);
});
afterEach(async () => {
  await metadata.close();
  await rm(folder, { recursive: true });
});

async function pushBlob(content: string): Promise<Digest> {
  const digest = digestOf(content);
  const body = async function* () {
    yield new TextEncoder().encode(content);
  };
  await uploads.push(target, digest, { body: body(), range: null, length: content.length });
  return digest;
}

/** Stores an image of these layers; the missing blobs, when there are any. */
async function pushImage(tag: string, layers: readonly Digest[]): Promise<readonly Digest[]> {
  const config = await pushBlob(`{"tag":"${tag}"}`);
  const descriptor = (digest: Digest, mediaType: string) => ({ mediaType, digest, size: 1 });
  const bytes = new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor(config, "application/vnd.oci.image.config.v1+json"),
      layers: layers.map((digest) => descriptor(digest, "application/vnd.oci.image.layer.v1.tar")),
    }),
  );
  const manifest = parseManifest(bytes, null);
  return metadata.manifests.putManifest(nameOf(target), {
    manifest: { digest: digestOf(bytes), mediaType: manifest.mediaType, bytes },
    requiredBlobs: referencesOf(manifest),
    borrowFrom: [],
    requiredManifests: [],
    references: referencesOf(manifest),
    subject: null,
    tags: [parseTag(tag)],
    kind: "pushed",
    isPart: false,
    atMs: now,
  });
}

test("what was removed is given back at once, and what is still needed stays", async () => {
  const [shared, own] = [await pushBlob("shared layer"), await pushBlob("own layer")];
  await pushImage("a", [shared, own]);
  await pushImage("b", [shared]);
  await metadata.tags.deleteTag(nameOf(target), parseTag("a"), true);
  const report = await collector.collect(LIMITS);
  expect(report).toMatchObject({ blobs: 2, links: 2 });
  expect(report.bytes).toBe("own layer".length + '{"tag":"a"}'.length);
  expect(await blobs.size(own)).toBeNull();
  expect(await blobs.size(shared)).toBe("shared layer".length);
});

test("a blob whose manifest has not come stays for the grace period", async () => {
  const digest = await pushBlob("on its way");
  now += LIMITS.graceMs - 1;
  expect((await collector.collect(LIMITS)).blobs).toBe(0);
  now += 2;
  expect((await collector.collect(LIMITS)).blobs).toBe(1);
  expect(await blobs.size(digest)).toBeNull();
});

test("uploads that nobody writes to any more are given up", async () => {
  const { id } = await uploads.begin(target, "sha256");
  const old = new Date(Date.now() - 3_600_000);
  await utimes(join(folder, "uploads", id), old, old);
  now = Date.now();
  await collector.collect(LIMITS);
  expect(await readdir(join(folder, "uploads"))).toEqual([]);
  await expect(uploads.state(target, id)).rejects.toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
});

test("a file that a crash left without a record goes once it is old", async () => {
  const digest = digestOf("stray");
  const path = join(folder, "blobs/sha256", digest.slice(7, 9), digest.slice(7));
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, "stray");
  now = Date.now();
  expect((await collector.collect(LIMITS)).blobs).toBe(0);
  now += LIMITS.graceMs + 1000;
  expect((await collector.collect(LIMITS)).blobs).toBe(1);
  expect(await blobs.size(digest)).toBeNull();
});

test("pushes that race removals and collections lose nothing", async () => {
  // Few different layers, so that every push meets blobs that a collection is just taking away. Blobs are given up at
  // once here: only what a link or the digest's lock protects may survive, and that must be enough.
  const limits = { graceMs: 0, uploadExpiryMs: 60_000 };
  now = 1;
  const layers = ["layer 0", "layer 1", "layer 2"];
  const done = new AbortController();
  const collecting = (async () => {
    while (!done.signal.aborted) await collector.collect(limits);
  })();
  const acknowledged = new Map<string, readonly Digest[]>();
  // Without any grace, a layer may go with another's image between its push and this image's manifest. Then the pusher
  // is told so, and pushes again: what must never happen is that an image is taken and not whole.
  const pushUntilTaken = async (tag: string) => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const digests = await Promise.all(layers.map((layer) => pushBlob(layer)));
      if ((await pushImage(tag, digests)).length === 0) return digests;
    }
    throw new Error(`${tag} was refused each time`);
  };
  const pusher = async (name: number) => {
    for (let round = 0; round < 15; round++) {
      const tag = `t${name}`;
      const digests = await pushUntilTaken(tag);
      acknowledged.set(tag, digests);
      if (round % 3 === 0) {
        acknowledged.delete(tag);
        await metadata.tags.deleteTag(nameOf(target), parseTag(tag), true);
      }
    }
  };
  await Promise.all([pusher(0), pusher(1), pusher(2), pusher(3)]);
  done.abort();
  await collecting;
  await collector.collect(limits);
  expect(acknowledged.size).toBe(4);
  for (const digests of acknowledged.values()) {
    for (const digest of digests) expect(await blobs.size(digest)).toBe("layer 0".length);
  }
});
