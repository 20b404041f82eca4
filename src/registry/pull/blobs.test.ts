import { describe, expect, test } from "bun:test";
import { digestOf } from "../../oci/digest.ts";
import { type Namespace, parseRepositoryPath } from "../../oci/repository-name.ts";
import { nameOf } from "../../oci/repository.ts";
import type { AsideStore } from "../../storage/aside.ts";
import { MemoryBlobs } from "../../storage/memory/blobs-memory.ts";
import { newUploadId } from "../../storage/blobs.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { NO_IMAGE_RULES } from "../names/image-rules.ts";
import { BlobFiles } from "./blob-files.ts";
import { guardWithoutRules } from "./signature-guard.fixture.ts";
import { Blobs } from "./blobs.ts";
import { RottenBlobs } from "./rotten-blobs.ts";
import { BestEffortWrites } from "./best-effort-writes.ts";
import { TrafficCounter } from "./traffic.ts";

const HERE = { namespace: "local" as Namespace, path: parseRepositoryPath("app") };
const OTHER = { namespace: "local" as Namespace, path: parseRepositoryPath("other") };

/** Blobs in memory, without upstream; a clock that stands, and a blob that was pushed at its time. */
async function open(graceMs: number) {
  const clock = { nowMs: 1_000_000 };
  const now = () => clock.nowMs;
  const [metadata, files] = [memoryMetadata(), new MemoryBlobs()];
  const log = new LineLog(() => {}, "error", now);
  const bestEffort = new BestEffortWrites(log, now);
  const { links, holdings, collection, transitions } = metadata;
  // Nothing is damaged here.
  const aside = {} as AsideStore;
  const rotten = new RottenBlobs({ store: metadata.rotten, events: metadata.events, bestEffort, now });
  const blobs = new Blobs({
    store: files.blobs,
    files: new BlobFiles({ store: files.blobs, aside, transitions, bestEffort, rotten, log }),
    links,
    holdings,
    tags: metadata.tags,
    pushed: metadata.pushed,
    rules: NO_IMAGE_RULES,
    origin: { size: async () => null, download: async () => null, passThrough: async () => null },
    order: { unqualified: [], standIns: [], localAnswersForAll: true },
    outlook: { offline: false, knows: () => true },
    traffic: new TrafficCounter(),
    bestEffort,
    guard: guardWithoutRules(),
    now,
    graceMs,
  });
  const [digest, id] = [digestOf("content"), newUploadId()];
  await files.spool.create(id, "sha256");
  const content = async function* () {
    yield new TextEncoder().encode("content");
  };
  await files.spool.append(id, content(), 100);
  await files.blobs.put(digest, await files.spool.seal(id, digest));
  await links.linkBlob(nameOf(HERE), digest, 7, now());
  const collect = async () => {
    await collection.collectLinks(now() - graceMs);
    return (await links.findLink([nameOf(HERE)], digest)) === null ? "gone" : "here";
  };
  return { blobs, metadata, digest, collect, clock };
}

describe("a blob that HEAD told of", () => {
  test.each([10_000, 60_000, 3_600_000])(
    "stays for half of a grace of %d ms at least, asked at any time",
    async (graceMs) => {
      for (const askedAfter of [0.1, 0.4, 0.6, 0.9, 1]) {
        const { blobs, digest, collect, clock } = await open(graceMs);
        clock.nowMs += askedAfter * graceMs;
        expect(await blobs.sizeForPush(HERE, digest, { via: null })).toBe(7);
        clock.nowMs += graceMs / 2;
        expect({ askedAfter, left: await collect() }).toEqual({ askedAfter, left: "here" });
        clock.nowMs += graceMs;
        expect(await collect()).toBe("gone");
      }
    },
  );

  test("stays though the manifest that held it goes", async () => {
    const graceMs = 60_000;
    const { blobs, metadata, digest, collect, clock } = await open(graceMs);
    const { manifests } = metadata;
    const manifest = { digest: digestOf("manifest"), mediaType: "application/json", bytes: new Uint8Array() };
    await manifests.putManifest(nameOf(HERE), {
      manifest,
      requiredBlobs: [digest],
      borrowFrom: [],
      requiredManifests: [],
      references: [digest],
      subject: null,
      tags: [],
      kind: "pushed",
      isPart: false,
      atMs: clock.nowMs,
    });
    await blobs.sizeForPush(HERE, digest, { via: null });
    await manifests.deleteManifest(nameOf(HERE), manifest.digest, true, clock.nowMs);
    expect(await collect()).toBe("here");
    clock.nowMs += graceMs + 1;
    expect(await collect()).toBe("gone");
  });

  test("is not told of where nobody linked it", async () => {
    const { blobs, digest } = await open(60_000);
    await expect(blobs.sizeForPush(OTHER, digest, { via: null })).rejects.toMatchObject({ code: "BLOB_UNKNOWN" });
  });
});
