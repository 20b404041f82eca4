import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import type { Platform } from "../../oci/platform.ts";
import { copyImage, type CopyEvent, type CopyOptions } from "./copy-image.ts";
import { openDirectoryTree } from "../files/directory-tree.ts";
import { layoutSink } from "../layout/layout-sink.ts";
import { parseTag } from "../../oci/tag.ts";
import { openLayoutSource } from "../layout/layout-source.ts";
import { json, type TestImage, testImage, testIndex, testManifest, writeLayout } from "../test-image.fixture.ts";

const AMD64: Platform = { os: "linux", architecture: "amd64" };
const ARM64: Platform = { os: "linux", architecture: "arm64" };
const V7: Platform = { os: "linux", architecture: "arm", variant: "v7" };
const UNKNOWN: Platform = { os: "unknown", architecture: "unknown" };
const DEFAULTS: CopyOptions = {
  platforms: { kind: "all" },
  referrers: false,
  jobs: 3,
  signal: new AbortController().signal,
  onEvent: () => {},
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-copy-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Copies the image called `v1` from the layout `from` into the layout `to`. */
async function copy(options: Partial<CopyOptions> = {}) {
  const source = await openLayoutSource(await openDirectoryTree(join(folder, "from"), "oci:from"), "v1");
  const sink = layoutSink(join(folder, "to"), "v1", "oci:to");
  const [image] = await source.images();
  if (image === undefined) throw new Error("no image");
  const copied = await copyImage(source, image, sink, { ...DEFAULTS, ...options });
  await sink.close();
  return copied;
}

async function put(image: TestImage, ...others: { image: TestImage; name: string | null }[]): Promise<void> {
  await writeLayout(join(folder, "from"), [{ image, name: "v1" }, ...others]);
}

function blob(side: "from" | "to", digest: string) {
  return Bun.file(join(folder, side, "blobs", "sha256", digest.slice("sha256:".length)));
}

async function isWholeAtTheOtherEnd(image: TestImage): Promise<boolean> {
  const same = await Promise.all(
    [...image.files].map(async ([digest, bytes]) => {
      const file = blob("to", digest);
      return (await file.exists()) && Buffer.from(bytes).equals(Buffer.from(await file.bytes()));
    }),
  );
  return same.every(Boolean);
}

const hasIndexAtTheOtherEnd = () => Bun.file(join(folder, "to", "index.json")).exists();

async function multiPlatform() {
  const [amd64, arm64, v7] = [
    await testImage(["a", "x"], AMD64),
    await testImage(["b", "x"], ARM64),
    await testImage(["c"], V7),
  ];
  const attestation = testManifest(json({}), [json({ predicate: 1 })]);
  const annotations = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": arm64.root.digest,
  };
  const index = testIndex([
    { image: amd64, platform: AMD64 },
    { image: arm64, platform: ARM64 },
    { image: v7, platform: V7 },
    { image: attestation, platform: UNKNOWN, annotations },
  ]);
  return { amd64, arm64, v7, attestation, index };
}

test("an index is copied whole, attestations included, and byte for byte", async () => {
  const { index } = await multiPlatform();
  await put(index);
  const copied = await copy();
  expect(copied).toMatchObject({
    digest: index.root.digest,
    sourceDigest: index.root.digest,
    manifests: 5,
    name: "v1",
  });
  expect(await isWholeAtTheOtherEnd(index)).toBe(true);
});

test("what is there already is not copied again", async () => {
  const image = await testImage(["one", "two"]);
  await put(image);
  expect((await copy()).blobs).toEqual({ present: 0, mounted: 0, copied: 3 });
  const again = await copy();
  expect([again.blobs, again.bytesCopied]).toEqual([{ present: 3, mounted: 0, copied: 0 }, 0]);
});

test("one platform of an index is its manifest, with its own digest", async () => {
  const { index, arm64, amd64 } = await multiPlatform();
  await put(index);
  const copied = await copy({ platforms: { kind: "only", platforms: [ARM64] } });
  expect(copied).toMatchObject({ digest: arm64.root.digest, sourceDigest: index.root.digest, manifests: 1 });
  expect(await isWholeAtTheOtherEnd(arm64)).toBe(true);
  expect(await blob("to", amd64.root.digest).exists()).toBe(false);
});

test("several platforms make an index of those, what is attached to them, and all its other fields", async () => {
  const { index, arm64, v7, attestation } = await multiPlatform();
  await put(index);
  const copied = await copy({ platforms: { kind: "only", platforms: [ARM64, V7] } });
  const bytes = await blob("to", copied.digest).bytes();
  expect(digestOf(bytes)).toBe(copied.digest);
  const listed = parseManifest(bytes, null).manifests.map(({ digest }) => digest);
  expect(listed).toEqual([arm64, v7, attestation].map(({ root }) => root.digest));
  expect(JSON.parse(Buffer.from(bytes).toString()).unknownField).toEqual([1]);
});

test("a platform that is not there is an error that names those that are", async () => {
  const { index } = await multiPlatform();
  await put(index);
  const platforms = { kind: "only", platforms: [{ os: "linux", architecture: "s390x" }] } as const;
  await expect(copy({ platforms })).rejects.toThrow(
    "oci:from: the image has nothing for linux/s390x: there are linux/amd64, linux/arm64, linux/arm/v7",
  );
  expect(await hasIndexAtTheOtherEnd()).toBe(false);
});

test("an image that is no index is checked against the platforms that are asked for, not against a preference", async () => {
  await put(await testImage(["x"], AMD64));
  await expect(copy({ platforms: { kind: "only", platforms: [ARM64] } })).rejects.toThrow("there are linux/amd64");
  expect((await copy({ platforms: { kind: "prefer", platform: ARM64 } })).manifests).toBe(1);
});

test("platforms that an index does not name are read out of the images", async () => {
  const [amd64, arm64] = [await testImage(["a"], AMD64), await testImage(["b"], ARM64)];
  await put(testIndex([amd64, arm64].map((image) => ({ image, platform: null }))));
  expect((await copy({ platforms: { kind: "only", platforms: [ARM64] } })).digest).toBe(arm64.root.digest);
});

test("an index whose children are not all there is refused as a whole, and its parts can be copied", async () => {
  const { index, arm64 } = await multiPlatform();
  await put(index);
  await blob("from", arm64.root.digest).delete();
  await expect(copy()).rejects.toThrow(
    `lists ${arm64.root.digest} (linux/arm64), which is not there; choose platforms that are`,
  );
  expect(await hasIndexAtTheOtherEnd()).toBe(false);
  expect((await copy({ platforms: { kind: "only", platforms: [AMD64] } })).manifests).toBe(1);
});

test("a missing, damaged or wrongly sized blob is an error, and nothing gets a name", async () => {
  const image = await testImage(["one", "two"]);
  const layer = parseManifest(image.files.get(image.root.digest) ?? new Uint8Array(), null).layers[1];
  if (layer === undefined) throw new Error("no layer");
  await put(image);
  const file = blob("from", layer.digest);
  const good = await file.bytes();

  await file.write(Buffer.from(good).fill(7, 20, 21));
  await expect(copy()).rejects.toThrow(`the blob ${layer.digest} of oci:from is damaged`);
  await file.write(good.subarray(0, -1));
  await expect(copy()).rejects.toThrow(`has ${good.length - 1} bytes; its manifest says ${good.length}`);
  await file.delete();
  await expect(copy()).rejects.toThrow(`it lacks the blob ${layer.digest}`);
  expect(await hasIndexAtTheOtherEnd()).toBe(false);
  expect(await blob("to", layer.digest).exists()).toBe(false);
});

test("a damaged manifest is an error", async () => {
  const image = await testImage(["one"]);
  await put(image);
  await Bun.write(join(folder, "from", "blobs", "sha256", hexOf(image.root.digest)), "{}");
  await expect(copy()).rejects.toThrow(`the manifest ${image.root.digest} of oci:from is damaged`);
});

test("referrers come along when they are asked for, and what refers to those", async () => {
  const image = await testImage(["one"]);
  const sbom = testManifest(json({ sbom: 1 }), [], { subject: image.root });
  const signature = testManifest(json({ signature: 1 }), [], { subject: sbom.root });
  const other = testManifest(json({ other: 1 }), [], { subject: (await testImage(["other"])).root });
  const cosign = testManifest(json({ cosign: 1 }), []);
  const cosignTag = `${image.root.digest.replace(":", "-")}.sig`;
  const listed = [sbom, signature, other].map((one) => ({ image: one, name: null }));
  await put(image, ...listed, { image: cosign, name: cosignTag });

  expect((await copy()).referrers).toBe(0);
  expect(await isWholeAtTheOtherEnd(sbom)).toBe(false);
  expect((await copy({ referrers: true })).referrers).toBe(3);
  for (const one of [sbom, signature, cosign]) expect(await isWholeAtTheOtherEnd(one)).toBe(true);
  expect(await isWholeAtTheOtherEnd(other)).toBe(false);
  const arrived = await openLayoutSource(await openDirectoryTree(join(folder, "to"), "oci:to"), "v1");
  expect(await arrived.referrers(image.root.digest)).toEqual([
    { digest: sbom.root.digest, tag: null },
    { digest: cosign.root.digest, tag: parseTag(cosignTag) },
  ]);
});

test("layers that may not be distributed are left where they are", async () => {
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest: digestOf("elsewhere"),
    size: 9,
    urls: ["https://example.com/layer"],
  };
  await put(testManifest(json({ os: "windows" }), [], { layers: [foreign] }));
  expect((await copy()).blobs.copied).toBe(1);
});

test("once a blob has failed, no more is read of the others", async () => {
  const large = testManifest(json({}), [crypto.getRandomValues(new Uint8Array(65_536)), new Uint8Array(40_000_000)]);
  await put(large);
  const [missing] = parseManifest(large.files.get(large.root.digest) ?? new Uint8Array(), null).layers;
  await blob("from", missing?.digest ?? "").delete();
  let furthest = 0;
  const onEvent = (event: CopyEvent) => {
    if (event.kind === "blob-bytes") furthest = Math.max(furthest, event.doneBytes);
  };
  await expect(copy({ onEvent })).rejects.toThrow("is incomplete");
  expect(furthest).toBeLessThan(40_000_000);
});

test("events tell of each blob from its beginning to its end", async () => {
  const image = await testImage(["one"]);
  await put(image);
  const events: CopyEvent[] = [];
  await copy({ onEvent: (event) => events.push(event), jobs: 1 });
  const ends = events.filter(({ kind }) => kind === "blob-ends").map(({ digest }) => digest);
  expect(ends.toSorted()).toEqual([...image.files.keys()].filter((digest) => digest !== image.root.digest).toSorted());
  const last = events.findLast((event) => event.kind === "blob-bytes");
  const begin = events.find((event) => event.kind === "blob-begins" && event.digest === last?.digest);
  expect(last?.kind === "blob-bytes" && begin?.kind === "blob-begins" && last.doneBytes === begin.sizeBytes).toBe(true);
});

test("an abort ends a copy with its reason, and nothing gets a name", async () => {
  await put(await testImage(["one", "two", "three"]));
  const controller = new AbortController();
  const onEvent = () => controller.abort(new Error("enough"));
  await expect(copy({ signal: controller.signal, onEvent })).rejects.toThrow("enough");
  expect(await hasIndexAtTheOtherEnd()).toBe(false);
});
