import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Turns } from "../../lib/async/turns.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import { nameOf } from "../../oci/repository.ts";
import { FilesystemAside } from "../../storage/filesystem/aside-filesystem.ts";
import { blobPath } from "../../storage/filesystem/blob-folder.ts";
import { FilesystemBlobs } from "../../storage/filesystem/blobs-filesystem.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { MetadataStore } from "../../storage/metadata.ts";
import type { VerificationPass } from "../../storage/verification.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { BestEffortWrites } from "../pull/best-effort-writes.ts";
import type { BlobDownload } from "../pull/blob-download.ts";
import { BlobFiles } from "../pull/blob-files.ts";
import type { BlobOrigin } from "../pull/origin.ts";
import { RottenBlobs } from "../pull/rotten-blobs.ts";
import { BackgroundVerification } from "./background-verification.ts";
import { BlobRepair } from "./blob-repair.ts";
import { BlobVerifier } from "./blob-verifier.ts";
import type { ImageVerifier } from "./image-verifier.ts";
import { type VerificationEvent, Verifications } from "./verifications.ts";
import { VerificationTally } from "./verification-tally.ts";

const [MINE, THEIRS] = ["local/app", "quay.io/app"] as [RepositoryName, RepositoryName];

let folder: string;
/** Files, some of which the disk does not give. */
class FailingBlobs extends FilesystemBlobs {
  readonly failing = new Set<Digest>();

  override async scan(digest: Digest) {
    if (this.failing.has(digest)) throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
    return super.scan(digest);
  }
}

let blobs: FailingBlobs;
let aside: FilesystemAside;
let metadata: MetadataStore;
/** What upstream has, by digest. */
let upstream: Map<Digest, string>;
let outlook: { offline: boolean; knows(namespace: Namespace): boolean };
let told: VerificationEvent[];
let lines: string[];
let elapsedMs: number;
let nowMs: number;
let run: ConstructorParameters<typeof BackgroundVerification>[0];
let verifications: Verifications;
let settings: { verifyRate: number; verifyEveryMs: number };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-verification-"));
  [blobs, aside, metadata] = [new FailingBlobs(folder), new FilesystemAside(folder), memoryMetadata()];
  [upstream, told, lines, elapsedMs, nowMs] = [new Map(), [], [], 0, 1_000_000];
  outlook = { offline: false, knows: (namespace) => namespace === "quay.io" };
  settings = { verifyRate: 1e9, verifyEveryMs: 86_400_000 };
  const log = new LineLog(
    (line) => lines.push(line),
    "info",
    () => nowMs,
  );
  const now = () => nowMs;
  const { rotten, events, transitions, verification: store, leases } = metadata;
  const bestEffort = new BestEffortWrites(log, () => 0);
  const notes = new RottenBlobs({ store: rotten, events, bestEffort, now });
  const files = new BlobFiles({ store: blobs, aside, transitions, bestEffort, rotten: notes, log });
  const repair = new BlobRepair({ rotten, aside, origin: originOf(), outlook });
  const verifier = new BlobVerifier({ store: blobs, aside, files, transitions, rotten, notes, repair, log, now });
  const tally = new VerificationTally(events);
  const turns = new Turns();
  const parts = { store, verifier, tally, turns, now, elapsed: () => (elapsedMs += 1000), rotten, leases };
  run = { ...parts, log, settings: () => settings, isBusy: () => false, guard: null };
  const images = {} as ImageVerifier;
  verifications = new Verifications({ ...parts, repair, images, checkDatabase: () => Promise.resolve(null) });
});
afterEach(() => rm(folder, { recursive: true }));

/** An upstream whose downloads are done at once. */
function originOf(): BlobOrigin {
  return {
    size: async () => null,
    passThrough: async () => null,
    download: async (repository, digest) => {
      const text = upstream.get(digest);
      if (text === undefined) return null;
      await place(digest, text);
      await metadata.links.linkBlob(nameOf(repository), digest, text.length, nowMs, "cached");
      return { done: Promise.resolve() } as BlobDownload;
    },
  };
}

async function place(digest: Digest, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(blobPath(folder, digest)), { recursive: true });
  await writeFile(blobPath(folder, digest), content);
}

/** A blob of a repository, with `content` in its file, and as upstream has it when that is its own. */
async function keep(name: RepositoryName, text: string, content: Uint8Array | string = text, algorithm?: "sha512") {
  const digest = digestOf(text, algorithm);
  await place(digest, content);
  await metadata.links.linkBlob(name, digest, content.length, 1, name === MINE ? "pushed" : "cached");
  return digest;
}

const verify = (signal = new AbortController().signal) => verifications.verifyAll(signal, (event) => told.push(event));
const rottenTold = () => told.filter((event) => event.kind === "rotten");

describe("a verification", () => {
  test("leaves files with the bytes that they are named after, and sets those with others aside", async () => {
    const large = "7".repeat(3_000_000);
    await keep(MINE, large);
    await keep(MINE, "whole", "whole", "sha512");
    await keep(MINE, "");
    const flipped = await keep(MINE, "a layer", "a lawyer");
    expect(await verify()).toEqual({ files: 4, bytes: large.length + "whole".length + "a lawyer".length });
    expect(rottenTold()).toMatchObject([{ digest: flipped, rot: "damaged", isHealed: false }]);
    expect(told.some(({ kind }) => kind === "progress")).toBe(true);
    expect(await blobs.size(flipped)).toBeNull();
    expect(await aside.holds(flipped, "damaged")).toBe(true);
    expect(lines.join("\n")).toContain("a blob of a pushed image is damaged");
    expect((await verifications.state()).rotten).toEqual({ damaged: 1, missing: 0, unreadable: 0 });
    // It stays known, and is told of again.
    await verify();
    expect(rottenTold()).toHaveLength(2);
  });

  test("fetches a cached blob again at once, and a pushed one that a registry has, too", async () => {
    const both = await keep(MINE, "both", "BOTH");
    await metadata.links.linkBlob(THEIRS, both, 4, 1, "cached");
    const cached = await keep(THEIRS, "cached", "rotten");
    for (const text of ["both", "cached"]) upstream.set(digestOf(text), text);
    await verify();
    expect(rottenTold()).toMatchObject([{ isHealed: true }, { isHealed: true }]);
    expect(await readFile(blobPath(folder, both), "utf8")).toBe("both");
    expect(await readFile(blobPath(folder, cached), "utf8")).toBe("cached");
    expect(await aside.totals()).toMatchObject({ files: 0 });
    expect((await verifications.state()).rotten).toEqual({ damaged: 0, missing: 0, unreadable: 0 });
    expect(run.tally.totals).toMatchObject({ rotten: 2, healed: 2 });
  });

  test("says what keeps it from fetching, and fetches when that is over", async () => {
    const cached = await keep(THEIRS, "cached", "rotten");
    outlook.offline = true;
    await verify();
    expect(rottenTold()).toMatchObject([{ isHealed: false, why: expect.stringContaining("offline") as string }]);
    outlook.offline = false;
    await verify();
    expect(rottenTold().at(-1)).toMatchObject({ why: "quay.io does not have it: push it again" });
    upstream.set(cached, "cached");
    await new BackgroundVerification(run).look();
    expect(await readFile(blobPath(folder, cached), "utf8")).toBe("cached");
  });

  test("tells of a pushed blob whose file is gone, and not of a cached one, which a pull fetches", async () => {
    const pushed = await keep(MINE, "pushed");
    const cached = await keep(THEIRS, "cached");
    for (const digest of [pushed, cached]) await rm(blobPath(folder, digest));
    expect(await verify()).toMatchObject({ files: 1 });
    expect(rottenTold()).toMatchObject([{ digest: pushed, rot: "missing" }]);
    await place(pushed, "pushed");
    await verify();
    expect((await verifications.state()).rotten.missing).toBe(0);
  });

  test("runs once at a time, and ends when nobody waits for it", async () => {
    await keep(MINE, "a layer");
    const controller = new AbortController();
    const both = Promise.allSettled([verify(controller.signal), verify()]);
    // Before anything is waited for: the first one would soon be done.
    controller.abort(new Error("the client left"));
    expect(await both).toMatchObject([
      { status: "rejected", reason: { message: "the client left" } },
      { status: "rejected", reason: { code: "UNAVAILABLE" } },
    ]);
    expect(await verify()).toMatchObject({ files: 1 });
  });
});

describe("a file that cannot be read", () => {
  test("stays, is noted, and is found right again when it can be read", async () => {
    const digest = await keep(MINE, "a layer");
    blobs.failing.add(digest);
    await verify();
    expect(rottenTold()).toMatchObject([{ digest, rot: "unreadable", isHealed: false }]);
    expect(await blobs.size(digest)).toBe(7);
    blobs.failing.clear();
    await verify();
    expect((await verifications.state()).rotten.unreadable).toBe(0);
  });

  test("is fetched again where a registry has it", async () => {
    const digest = await keep(THEIRS, "a layer");
    upstream.set(digest, "a layer");
    blobs.failing.add(digest);
    await verify();
    expect(rottenTold()).toMatchObject([{ digest, rot: "unreadable", isHealed: true }]);
    expect((await verifications.state()).rotten.unreadable).toBe(0);
  });
});

describe("the background", () => {
  test("reads all when it is time, and not before, and not when it is switched off", async () => {
    await keep(MINE, "a layer");
    const background = new BackgroundVerification(run);
    await background.look();
    const first = await metadata.verification.readPass();
    expect(first).toMatchObject({ startedAtMs: 1_000_000, endedAtMs: 1_000_000, blobs: 1, lastEndedAtMs: 1_000_000 });
    nowMs += 86_399_999;
    await background.look();
    expect(await metadata.verification.readPass()).toEqual(first as VerificationPass);
    nowMs += 1;
    settings.verifyEveryMs = Number.POSITIVE_INFINITY;
    await background.look();
    expect(await metadata.verification.readPass()).toEqual(first as VerificationPass);
    settings.verifyEveryMs = 86_400_000;
    await background.look();
    expect(await metadata.verification.readPass()).toMatchObject({ startedAtMs: nowMs, blobs: 1 });
    // A clock that was a day ahead keeps it from nothing.
    nowMs -= 86_400_000;
    await background.look();
    expect(await metadata.verification.readPass()).toMatchObject({ startedAtMs: nowMs });
  });

  test("goes on where it was stopped, and one that somebody asks for meanwhile takes nothing of that", async () => {
    const digests: Digest[] = [];
    for (let index = 0; index < 500; index++) digests.push(await keep(MINE, `layer ${index}`));
    digests.sort();
    const stopped = new BackgroundVerification({ ...run, isBusy: () => true });
    const end = stopped.start(1_000_000);
    const verified = run.tally;
    const looking = stopped.look();
    while (verified.totals.blobs < 250) await Bun.sleep(1);
    await end();
    await looking;
    const pass = await metadata.verification.readPass();
    expect(pass?.endedAtMs).toBeNull();
    expect(pass?.blobs).toBeWithin(250, 500);
    expect(pass?.after).toBe(digests[(pass?.blobs ?? 0) - 1] as Digest);
    const asked = new AbortController();
    asked.abort(new Error("the client left"));
    await verify(asked.signal).catch(() => {});
    expect(await metadata.verification.readPass()).toEqual(pass as VerificationPass);
    await new BackgroundVerification(run).look();
    expect(verified.totals.blobs).toBe(500);
    expect(await metadata.verification.readPass()).toMatchObject({ blobs: 500, after: digests.at(-1) as Digest });
  });
});
