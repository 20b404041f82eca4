import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile, mkdir, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, digestOf } from "../oci/digest.ts";
import { type Namespace, parseRepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { FilesystemAside } from "../storage/filesystem/aside-filesystem.ts";
import { blobPath } from "../storage/filesystem/blob-folder.ts";
import { FilesystemBlobs } from "../storage/filesystem/blobs-filesystem.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import { openSqliteMetadata } from "../storage/sqlite/metadata-sqlite.ts";
import { DiskReserve } from "../storage/filesystem/disk-reserve.ts";
import { FilesystemSpool } from "../storage/filesystem/spool-filesystem.ts";
import { LineLog } from "../telemetry/line-log.ts";
import { RottenBlobs } from "./pull/rotten-blobs.ts";
import { BlobFiles } from "./pull/blob-files.ts";
import { Collector } from "./collector.ts";
import { referencesOf } from "../oci/manifest-references.ts";
import { parseManifest } from "../oci/manifest.ts";
import { nameOf } from "../oci/repository.ts";
import { BestEffortWrites } from "./pull/best-effort-writes.ts";
import { Uploads } from "./push/uploads.ts";

const repository = { namespace: "local" as Namespace, path: parseRepositoryPath("app") };
const LIMITS = { graceMs: 60_000, uploadExpiryMs: 60_000 };

let folder: string;
let metadata: MetadataStore;
let blobs: FilesystemBlobs;
let aside: FilesystemAside;
let uploads: Uploads;
let collector: Collector;
let now = 1_000_000;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-collector-"));
  metadata = openSqliteMetadata(join(folder, "larder.db"));
  blobs = new FilesystemBlobs(folder);
  aside = new FilesystemAside(folder);
  const log = new LineLog(
    () => {},
    "error",
    () => now,
  );
  const bestEffort = new BestEffortWrites(log, () => now);
  const { transitions } = metadata;
  const rotten = new RottenBlobs({ store: metadata.rotten, events: metadata.events, bestEffort, now: () => now });
  const files = new BlobFiles({ store: blobs, aside, transitions, bestEffort, rotten, log });
  uploads = new Uploads(
    { spool: new FilesystemSpool(folder, new DiskReserve(folder)), store: blobs },
    files,
    metadata,
    () => now,
  );
  collector = new Collector({ ...metadata, blobs, aside, uploads, retention: null, now: () => now, guard: null });
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
  await uploads.push(repository, digest, { body: body(), range: null, length: content.length });
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
  return metadata.manifests.putManifest(nameOf(repository), {
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
  await metadata.tags.deleteTag(nameOf(repository), parseTag("a"), true, 1);
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

test("a blob that is just pushed again stays, and the collection waits for nobody", async () => {
  const [relinked, removed] = [await pushBlob("pushed again"), await pushBlob("not pushed again")];
  for (const digest of [relinked, removed]) await metadata.links.unlinkBlob(nameOf(repository), digest);
  const { collection, links, transitions } = metadata;
  // The push is between its file and its link when the collection comes to it.
  await transitions.arrive(relinked, async () => {
    expect(await collector.collect(LIMITS)).toMatchObject({ blobs: 1 });
    expect(await collection.listUnlinkedBlobs({ after: null, limit: 10 })).toEqual([relinked]);
    await links.linkBlob(nameOf(repository), relinked, "pushed again".length, now);
  });
  expect(await collector.collect(LIMITS)).toMatchObject({ blobs: 0 });
  expect(await blobs.size(relinked)).toBe("pushed again".length);
  expect(await links.findLink([nameOf(repository)], relinked)).not.toBeNull();
  expect(await collection.listUnlinkedBlobs({ after: null, limit: 10 })).toEqual([]);
});

test("a file that cannot be removed keeps no other from being collected, and is tried again", async () => {
  const [stuck, other] = [await pushBlob("stuck"), await pushBlob("not stuck")];
  for (const digest of [stuck, other]) await metadata.links.unlinkBlob(nameOf(repository), digest);
  await rm(blobPath(folder, stuck));
  await mkdir(blobPath(folder, stuck));
  await expect(collector.collect(LIMITS)).rejects.toThrow();
  expect(await blobs.size(other)).toBeNull();
  expect(await metadata.collection.listUnlinkedBlobs({ after: null, limit: 10 })).toEqual([stuck]);
  await rm(blobPath(folder, stuck), { recursive: true });
  expect(await collector.collect(LIMITS)).toMatchObject({ blobs: 0 });
  expect(await metadata.collection.findUnrecorded([stuck, other])).toEqual([stuck, other]);
});

test("while another larder collects in the same store, nothing is collected, and it is said why", async () => {
  const digest = await pushBlob("unlinked");
  await metadata.links.unlinkBlob(nameOf(repository), digest);
  const fence = await metadata.leases.acquire("collection", "another", 60_000);
  const report = await collector.collect(LIMITS);
  expect(report.blobs).toBe(0);
  expect(report.problem).toContain("another larder is just collecting");
  await metadata.leases.release("collection", fence ?? 0);
  expect(await collector.collect(LIMITS)).toMatchObject({ blobs: 1, problem: null });
  expect((await metadata.events.listBefore(null, 1))[0]).toMatchObject({ kind: "collected", sizeBytes: 8 });
});

test("an upload that is cancelled while somebody writes to it is gone, and becomes no blob", async () => {
  const { id } = await uploads.begin(repository, "sha256");
  const gate = Promise.withResolvers<void>();
  const body = async function* () {
    yield new TextEncoder().encode("half");
    await gate.promise;
    yield new TextEncoder().encode(" and half");
  };
  const digest = digestOf("half and half");
  const finishing = uploads.finish(repository, id, digest, { body: body(), range: null, length: null });
  while ((await uploads.state(repository, id)).size === 0) await Bun.sleep(1);
  const another = uploads.append(repository, id, { body: null, range: null, length: 0 });
  await expect(another).rejects.toMatchObject({ code: "RANGE_INVALID" });
  await uploads.cancel(repository, id);
  gate.resolve();
  await expect(finishing).rejects.toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
  expect(await blobs.size(digest)).toBeNull();
});

test("uploads that nobody writes to any more are given up", async () => {
  const { id } = await uploads.begin(repository, "sha256");
  const old = new Date(Date.now() - 3_600_000);
  await utimes(join(folder, "uploads", id), old, old);
  now = Date.now();
  await collector.collect(LIMITS);
  expect(await readdir(join(folder, "uploads"))).toEqual([]);
  await expect(uploads.state(repository, id)).rejects.toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
});

describe("an upload that is being written to", () => {
  /** A body that pauses after its first bytes until it is told to go on. */
  function slowBody() {
    const [first, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const body = async function* () {
      yield new TextEncoder().encode("slow ");
      first.resolve();
      await rest.promise;
      yield new TextEncoder().encode("upload");
    };
    return { body: body(), hasBegun: first.promise, goOn: () => rest.resolve() };
  }

  /** Collects as if the files of uploads had not been written to for an hour. */
  async function collectMuchLater() {
    const old = new Date(Date.now() - 3_600_000);
    for (const name of await readdir(join(folder, "uploads"))) await utimes(join(folder, "uploads", name), old, old);
    now = Date.now();
    await collector.collect(LIMITS);
  }

  test.each(["in one request", "in a session"])("never expires: %s", async (way) => {
    const { body, hasBegun, goOn } = slowBody();
    const digest = digestOf("slow upload");
    const chunk = { body, range: null, length: null };
    const push = async () => {
      if (way === "in one request") return uploads.push(repository, digest, chunk);
      const { id } = await uploads.begin(repository, "sha256");
      return uploads.finish(repository, id, digest, chunk);
    };
    const pushing = push();
    await hasBegun;
    await collectMuchLater();
    goOn();
    await pushing;
    expect(await blobs.size(digest)).toBe("slow upload".length);
  });
});

test("sessions that a crash left without their bytes are ended once they are old", async () => {
  now = Date.now();
  const lost = await uploads.begin(repository, "sha256");
  const { sessions } = metadata;
  await rm(join(folder, "uploads", lost.id));
  now += LIMITS.uploadExpiryMs;
  await collector.collect(LIMITS);
  expect(await sessions.getSession(lost.id)).not.toBeNull();
  now += 1;
  await sessions.createSession({ id: "another", repository: nameOf(repository), startedAtMs: now });
  await collector.collect(LIMITS);
  expect(await sessions.getSession(lost.id)).toBeNull();
  expect(await sessions.getSession("another")).not.toBeNull();
});

/** Files that a crash left: their record is missing. They are as old as can be. */
async function leaveUnrecorded(count: number, name = "crash"): Promise<readonly Digest[]> {
  const digests = Array.from({ length: count }, (_, index) => digestOf(`${name} ${index}`));
  for (const [index, digest] of digests.entries()) {
    const path = blobPath(folder, digest);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, `${name} ${index}`);
    await utimes(path, 1, 1);
  }
  return digests;
}

const areHere = async (digests: readonly Digest[]) =>
  (await Promise.all(digests.map((digest) => blobs.size(digest)))).every((size) => size !== null);

describe("a file without a record", () => {
  test("is set aside once it is old, and not deleted", async () => {
    const [digest] = (await leaveUnrecorded(1)) as [Digest];
    await utimes(blobPath(folder, digest), new Date(), new Date());
    now = Date.now();
    expect(await collector.collect(LIMITS, {})).toMatchObject({ blobs: 0, setAside: 0 });
    expect(await areHere([digest])).toBe(true);
    now += LIMITS.graceMs + 1000;
    expect(await collector.collect(LIMITS, {})).toMatchObject({ blobs: 0, bytes: 0, setAside: 1, problem: null });
    expect(await blobs.size(digest)).toBeNull();
    expect(await Array.fromAsync(aside.list())).toMatchObject([{ digest, reason: "unrecorded", size: 7 }]);
  });

  test("comes back when its record does", async () => {
    now = Date.now();
    const [digest] = (await leaveUnrecorded(1)) as [Digest];
    await collector.collect(LIMITS, {});
    await metadata.links.linkBlob(nameOf(repository), digest, 7, now);
    expect(await collector.collect(LIMITS, {})).toMatchObject({ broughtBack: 1 });
    expect(await blobs.size(digest)).toBe(7);
    expect((await aside.totals()).files).toBe(0);
  });

  test("that was pushed since gives way to what was pushed", async () => {
    now = Date.now();
    const [digest] = (await leaveUnrecorded(1)) as [Digest];
    await collector.collect(LIMITS, {});
    await pushBlob("crash 0");
    expect(await collector.collect(LIMITS, {})).toMatchObject({ broughtBack: 0 });
    expect(await blobs.size(digest)).toBe(7);
    expect((await aside.totals()).files).toBe(0);
  });

  test("is looked for at the first collection, and then only when somebody asks or hours have passed", async () => {
    now = Date.now();
    await collector.collect(LIMITS);
    await leaveUnrecorded(1);
    expect((await collector.collect(LIMITS)).setAside).toBe(0);
    expect((await collector.collect(LIMITS, {})).setAside).toBe(1);
    await leaveUnrecorded(1, "later");
    now += 6 * 3_600_000;
    expect((await collector.collect(LIMITS)).setAside).toBe(1);
  });

  test("that cannot be moved keeps nothing else from being collected", async () => {
    now = Date.now();
    const [stuck, ...others] = await leaveUnrecorded(3);
    await mkdir(join(folder, "aside/sha256"), { recursive: true });
    await writeFile(join(folder, "aside/sha256", stuck?.slice(7, 9) ?? ""), "a file where a folder has to be");
    const unlinked = await pushBlob("unlinked");
    await metadata.links.unlinkBlob(nameOf(repository), unlinked);
    const report = await collector.collect(LIMITS, {});
    expect(report).toMatchObject({ blobs: 1, setAside: others.length });
    expect(report.problem).toContain("could not be set aside");
    expect(await areHere([stuck as Digest])).toBe(true);
  });
});

describe("a store in which many files have no record", () => {
  /** Recorded files, one of them without a link, beside these many without a record. */
  async function open(recorded: number, unrecorded: number) {
    now = Date.now();
    for (let index = 0; index < recorded; index++) await pushBlob(`recorded ${index}`);
    const unlinked = digestOf("recorded 0");
    if (recorded > 0) await metadata.links.unlinkBlob(nameOf(repository), unlinked);
    return { unlinked, unrecorded: await leaveUnrecorded(unrecorded) };
  }

  test("is not collected at all, and says so until it is right again", async () => {
    const { unlinked, unrecorded } = await open(60, 11);
    const report = await collector.collect(LIMITS);
    expect(report).toMatchObject({ blobs: 0, links: 0, setAside: 0 });
    expect(report.problem).toContain("11 of 71 files");
    expect(collector.refusal).toBe(report.problem);
    expect(await areHere([unlinked, ...unrecorded])).toBe(true);
    expect((await collector.collect({ ...LIMITS, graceMs: 0 }, {})).blobs).toBe(0);
    for (const digest of unrecorded) await metadata.links.linkBlob(nameOf(repository), digest, 7, now);
    expect(await collector.collect(LIMITS)).toMatchObject({ blobs: 1, problem: null });
    expect(collector.refusal).toBeNull();
  });

  test("is collected when they are a handful, or a small share", async () => {
    for (const [recorded, unrecorded] of [
      [0, 10],
      [130, 11],
    ] as const) {
      await open(recorded, unrecorded);
      expect(await collector.collect(LIMITS, {})).toMatchObject({ setAside: unrecorded, problem: null });
    }
  });

  test("is collected when somebody wants them set aside, and deleted when somebody gives them up", async () => {
    const { unrecorded } = await open(0, 40);
    expect(await collector.collect(LIMITS, { setAsideAll: true })).toMatchObject({ setAside: 40, problem: null });
    const month = 30 * 86_400_000;
    expect(await collector.collect(LIMITS, { giveUpAfterMs: month })).toMatchObject({ givenUp: 0 });
    now += month + 60_000;
    expect(await collector.collect(LIMITS, {})).toMatchObject({ givenUp: 0 });
    expect((await aside.totals()).files).toBe(40);
    const bytes = unrecorded.reduce((sum, _, index) => sum + `crash ${index}`.length, 0);
    expect(await collector.collect(LIMITS, { giveUpAfterMs: month })).toMatchObject({ givenUp: 40, bytes });
    expect((await aside.totals()).files).toBe(0);
  });
});

test("pushes that race removals and collections lose nothing", async () => {
  // Few different layers, so that every push meets blobs that a collection is just taking away. Blobs are given up at
  // once here: only what a link, or being brought, protects may survive, and that must be enough.
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
        await metadata.tags.deleteTag(nameOf(repository), parseTag(tag), true, 1);
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
