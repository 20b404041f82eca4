import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Turns } from "../lib/async/turns.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { FilesystemAside } from "../storage/filesystem/aside-filesystem.ts";
import { blobPath } from "../storage/filesystem/blob-folder.ts";
import { FilesystemBlobs } from "../storage/filesystem/blobs-filesystem.ts";
import { memoryMetadata } from "../storage/memory/metadata-memory.ts";
import { LineLog } from "../telemetry/line-log.ts";
import { type VerificationEvent, Verifier } from "./verifier.ts";

let folder: string;
let blobs: FilesystemBlobs;
let aside: FilesystemAside;
let verifier: Verifier;
let told: VerificationEvent[];
let nowMs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-verifier-"));
  blobs = new FilesystemBlobs(folder);
  aside = new FilesystemAside(folder);
  told = [];
  nowMs = 0;
  verifier = new Verifier({
    store: blobs,
    aside,
    ...memoryMetadata(),
    turns: new Turns(),
    log: new LineLog(() => {}, "error", Date.now),
    elapsed: () => (nowMs += 1000),
  });
});
afterEach(() => rm(folder, { recursive: true }));

async function place(digest: Digest, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(blobPath(folder, digest)), { recursive: true });
  await writeFile(blobPath(folder, digest), content);
}

const verify = (signal = new AbortController().signal) => verifier.verifyAll(signal, (event) => told.push(event));

test("files with the bytes that they are named after stay, and those with others are set aside", async () => {
  const large = new Uint8Array(3_000_000).fill(7);
  await place(digestOf(large), large);
  await place(digestOf("whole", "sha512"), "whole");
  await place(digestOf(""), "");
  const flipped = digestOf("a layer");
  await place(flipped, "a lawyer");
  expect(await verify()).toEqual({ files: 4, bytes: large.byteLength + "whole".length + "a lawyer".length });
  expect(told.filter(({ kind }) => kind === "damaged")).toEqual([{ kind: "damaged", digest: flipped }]);
  expect(told.some(({ kind }) => kind === "progress")).toBe(true);
  expect(await blobs.size(flipped)).toBeNull();
  expect(await aside.holds(flipped, "damaged")).toBe(true);
  expect(await Array.fromAsync(blobs.list())).toHaveLength(3);
});

test("one verification runs at a time, and ends when nobody waits for it", async () => {
  await place(digestOf("a layer"), "a layer");
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
