import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Turns } from "../../lib/async/turns.ts";
import { type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { ALL_PLATFORMS, type PlatformSelection } from "../../oci/platform-selection.ts";
import { json, tarOf, type TestImage, testImage, testIndex, testManifest, writeLayout } from "../test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "../transports.fixture.ts";
import { compressLayers, type CompressEvent } from "./compress-layers.ts";
import type { LayerCompression } from "./compressed-manifest.ts";

const PLAIN = "application/vnd.oci.image.layer.v1.tar";
const DOCKER = "application/vnd.docker.image.rootfs.diff.tar";

let folder: string;
let layers: readonly Uint8Array[];
let plain: TestImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-compress-"));
  layers = await Promise.all([tarOf({ "a.txt": "a".repeat(5_000_000) }), tarOf({ "b.txt": "b" })]);
  plain = imageOf(layers, PLAIN);
});
afterAll(() => rm(folder, { recursive: true }));

function imageOf(tars: readonly Uint8Array[], mediaType: string, extra: object = {}): TestImage {
  const described = tars.map((tar) => ({
    mediaType,
    digest: digestOf(tar),
    size: tar.length,
    annotations: { x: "y" },
  }));
  const config = {
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
  };
  return testManifest(json(config), tars, { layers: described, annotations: { kept: "yes" }, ...extra });
}

/** Compresses an image, copies it, and hands back what came of it. */
async function compress(image: TestImage, compression: LayerCompression, selection: PlatformSelection = ALL_PLATFORMS) {
  const [from, to] = [join(folder, crypto.randomUUID()), join(folder, crypto.randomUUID())];
  await writeLayout(from, [{ image, name: "app:1" }]);
  const source = await openFileSource(`oci:${from}`, folder);
  const [found] = await source.images();
  if (found === undefined) throw new Error("there is no image");
  const events: CompressEvent[] = [];
  const signal = new AbortController().signal;
  const how = { compression, level: 3, tasks: 3, spool: { directory: folder, signal }, work: new Turns().begin() };
  const made = await compressLayers(source, found, selection, { ...how, onEvent: (event) => events.push(event) });
  const copied = await copyEverything({ ...made.source, images: async () => [made.image] }, openFileSink(`oci:${to}`));
  const read = async (digest: Digest) => Bun.file(join(to, "blobs/sha256", hexOf(digest))).bytes();
  const manifestOf = async (digest: Digest) => parseManifest(await read(digest), null);
  return { made, events, copied: copied[0], read, manifestOf, digest: made.image.digest };
}

const UNPACK = { gzip: gunzipSync, zstd: (bytes: Uint8Array) => Bun.zstdDecompressSync(bytes) } as const;

describe.each(["gzip", "zstd"] as const)("%s", (compression) => {
  test("packs plain layers, and leaves config, order and annotations as they were", async () => {
    const { made, events, read, manifestOf, digest } = await compress(plain, compression);
    const manifest = await manifestOf(digest);
    expect(manifest.annotations).toEqual({ kept: "yes" });
    expect(manifest.config?.digest).toBe(digestOf([...plain.files.values()][0] as Uint8Array));
    for (const [at, layer] of manifest.layers.entries()) {
      expect(layer).toMatchObject({ mediaType: `${PLAIN}+${compression}`, annotations: { x: "y" } });
      const packed = await read(layer.digest);
      expect([digestOf(packed), packed.length]).toEqual([layer.digest, layer.size]);
      expect(Buffer.compare(UNPACK[compression](packed), layers[at] as Uint8Array)).toBe(0);
    }
    expect(made.layers).toBe(2);
    expect(events.filter(({ kind }) => kind === "blob-compressed")).toHaveLength(2);
  });

  test("gives the same image for the same image", async () => {
    expect((await compress(plain, compression)).digest).toBe((await compress(plain, compression)).digest);
  });

  test("leaves an image alone whose layers are compressed", async () => {
    const image = await testImage(["hello"]);
    const { made, digest } = await compress(image, compression);
    expect([made.layers, digest]).toEqual([0, image.root.digest]);
  });
});

test("a manifest of Docker's stays one with gzip, and becomes OCI's with zstd", async () => {
  const docker = imageOf(layers, DOCKER, { mediaType: MEDIA_TYPE.dockerManifest });
  const config = {
    mediaType: MEDIA_TYPE.dockerConfig,
    digest: digestOf([...docker.files.values()][0] as Uint8Array),
    size: 1,
  };
  const asDocker = JSON.parse(new TextDecoder().decode([...docker.files.values()].at(-1))) as {
    config: { size: number };
  };
  const bytes = json({ ...asDocker, config: { ...config, size: asDocker.config.size } });
  const files = new Map([...docker.files, [digestOf(bytes), bytes]]);
  const image = { root: { mediaType: MEDIA_TYPE.dockerManifest, digest: digestOf(bytes), size: bytes.length }, files };
  const gzip = await compress(image, "gzip");
  expect(await gzip.manifestOf(gzip.digest)).toMatchObject({
    mediaType: MEDIA_TYPE.dockerManifest,
    config: { mediaType: MEDIA_TYPE.dockerConfig },
    layers: [{ mediaType: `${DOCKER}.gzip` }, { mediaType: `${DOCKER}.gzip` }],
  });
  const zstd = await compress(image, "zstd");
  expect(await zstd.manifestOf(zstd.digest)).toMatchObject({
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig },
    layers: [{ mediaType: `${PLAIN}+zstd` }, { mediaType: `${PLAIN}+zstd` }],
  });
});

test("an index lists the new manifests, and its attestations name them", async () => {
  const other = await testImage(["packed"], { os: "linux", architecture: "arm64" });
  const attestation = testManifest(json({ attested: true }), []);
  const annotations = { "vnd.docker.reference.digest": plain.root.digest };
  const index = testIndex([
    { image: plain, platform: { os: "linux", architecture: "amd64" } },
    { image: other, platform: { os: "linux", architecture: "arm64" } },
    { image: attestation, platform: { os: "unknown", architecture: "unknown" }, annotations },
  ]);
  const { digest, manifestOf } = await compress(index, "zstd");
  const { manifests } = await manifestOf(digest);
  const [first, second, third] = manifests;
  expect((await manifestOf(first?.digest as Digest)).layers[0]?.mediaType).toBe(`${PLAIN}+zstd`);
  expect([second?.digest, third?.digest]).toEqual([other.root.digest, attestation.root.digest]);
  expect(third?.annotations).toEqual({ "vnd.docker.reference.digest": first?.digest as string });
  const arm = await compress(index, "zstd", { kind: "only", platforms: [{ os: "linux", architecture: "arm64" }] });
  expect([arm.digest, arm.made.layers]).toEqual([other.root.digest, 0]);
});

test("a layer that is damaged, or a disk where nothing can be kept, fails it and leaves nothing", async () => {
  const from = join(folder, "damaged");
  await writeLayout(from, [{ image: plain, name: "app:1" }]);
  const [layer] = layers;
  await Bun.write(join(from, "blobs/sha256", hexOf(digestOf(layer as Uint8Array))), "x".repeat(layer?.length ?? 0));
  const source = await openFileSource(`oci:${from}`, folder);
  const [image] = await source.images();
  const spoolFolder = join(folder, "spool");
  const spool = { directory: spoolFolder, signal: new AbortController().signal };
  const how = { compression: "zstd", level: 3, tasks: 2, spool, work: new Turns().begin(), onEvent: () => {} } as const;
  if (image === undefined) throw new Error("there is no image");
  await expect(compressLayers(source, image, ALL_PLATFORMS, how)).rejects.toThrow("is damaged");
  expect(await readdir(spoolFolder)).toEqual([]);
});
