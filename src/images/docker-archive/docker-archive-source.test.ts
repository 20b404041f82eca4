import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { tarEntry } from "../../lib/tar/tar-entry.ts";
import { encodeMemberHead } from "../../lib/tar/encode-member-head.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { json, tarOf, type TestImage, testImage, testIndex } from "../test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "../transports.fixture.ts";

let folder: string;
let layer: Uint8Array;
let config: Uint8Array;
let configName: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-docker-archive-"));
  layer = await tarOf({ "hello.txt": "hello" });
  config = configOf(layer, layer);
  configName = `${hexOf(digestOf(config))}.json`;
});
afterAll(() => rm(folder, { recursive: true }));

function configOf(...layers: readonly Uint8Array[]): Uint8Array {
  return json({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map((one) => digestOf(one)) },
  });
}

/** Copies all images of an archive with these files into a layout, and hands back what was copied. */
async function copyFrom(archive: Uint8Array, label = "") {
  const name = crypto.randomUUID();
  await Bun.write(join(folder, `${name}.tar`), archive);
  const source = openFileSource(`docker-archive:${join(folder, `${name}.tar`)}${label}`, folder);
  const copied = await copyEverything(source, openFileSink(`oci:${join(folder, name)}`));
  return { copied, layout: join(folder, name) };
}

function listing(
  ...images: readonly { Config: string; RepoTags: readonly string[] | null; Layers: readonly string[] }[]
) {
  return json(images);
}

test("an archive of an older Docker, in which one layer is a link to another, becomes an image", async () => {
  const files = await tarOf({
    [configName]: config,
    "aaa/layer.tar": layer,
    "manifest.json": listing({
      Config: configName,
      RepoTags: ["app:1", "app:2"],
      Layers: ["aaa/layer.tar", "bbb/layer.tar"],
    }),
  });
  const link = encodeMemberHead(tarEntry("bbb/layer.tar", "symlink", { linkTarget: "../aaa/layer.tar" }));
  const { copied, layout } = await copyFrom(Buffer.concat([link, files]));
  expect(copied.map(({ name, isBuilt }) => [name, isBuilt])).toEqual([
    ["docker.io/library/app:1", true],
    ["docker.io/library/app:2", true],
  ]);
  const bytes = await Bun.file(join(layout, "blobs", "sha256", hexOf(copied[0]?.digest ?? digestOf("")))).bytes();
  const manifest = parseManifest(bytes, null);
  expect(manifest.config?.digest).toBe(digestOf(config));
  expect(manifest.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))).toEqual(
    [layer, layer].map((one) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: digestOf(one),
      size: one.length,
    })),
  );
});

test("layers that are compressed in the archive stay compressed, and are checked", async () => {
  const compressed = gzipSync(layer);
  const one = configOf(layer);
  const image = { Config: `${hexOf(digestOf(one))}.json`, RepoTags: null, Layers: ["l.tar"] };
  const { copied, layout } = await copyFrom(
    await tarOf({ [image.Config]: one, "l.tar": compressed, "manifest.json": listing(image) }),
  );
  expect(copied[0]?.name).toBeNull();
  expect(await Bun.file(join(layout, "blobs", "sha256", hexOf(digestOf(compressed)))).exists()).toBe(true);
  const other = gzipSync(await tarOf({ "hello.txt": "other" }));
  const archive = await tarOf({ [image.Config]: one, "l.tar": other, "manifest.json": listing(image) });
  await expect(copyFrom(archive)).rejects.toThrow(/l.tar in docker-archive:.* is damaged/);
});

const damages: readonly [string, (files: Record<string, Uint8Array>) => void, RegExp][] = [
  ["a config that is not what its name says", (files) => (files[configName] = json({})), /\.json in .* is damaged/],
  ["a layer that is not what the config says", (files) => (files["a.tar"] = new Uint8Array(1024)), /is damaged/],
  ["a layer that is missing", (files) => delete files["a.tar"], /is incomplete: it lacks a.tar/],
  ["a config that is missing", (files) => delete files[configName], /is incomplete: it lacks .*json/],
  [
    "a list that is no JSON",
    (files) => (files["manifest.json"] = json("{").subarray(1)),
    /manifest.json in .* is not valid/,
  ],
  ["a list of nothing", (files) => (files["manifest.json"] = listing()), /holds no image/],
  ["no list at all", (files) => delete files["manifest.json"], /neither manifest.json nor index.json/],
  [
    "layers that the config does not count",
    (files) => (files["manifest.json"] = listing({ Config: configName, RepoTags: [], Layers: ["a.tar"] })),
    /has 2 diff IDs; manifest.json lists 1 layers/,
  ],
  [
    "a path that leads out",
    (files) => (files["manifest.json"] = listing({ Config: "../../../etc/passwd", RepoTags: [], Layers: [] })),
    /lacks ..\/..\/..\/etc\/passwd/,
  ],
  [
    "a list larger than any",
    (files) => (files["manifest.json"] = new Uint8Array(17 * 1024 * 1024)),
    /manifest.json in .* has 17825792 bytes; larder reads 16777216 at most/,
  ],
];

for (const [what, damage, message] of damages) {
  test(`${what} is an error, and nothing gets a name`, async () => {
    const image = { Config: configName, RepoTags: ["app:1"], Layers: ["a.tar", "a.tar"] };
    const files: Record<string, Uint8Array> = { [configName]: config, "a.tar": layer, "manifest.json": listing(image) };
    damage(files);
    const archive = await tarOf(files);
    const name = crypto.randomUUID();
    await Bun.write(join(folder, `${name}.tar`), archive);
    const target = join(folder, name);
    const copy = copyEverything(
      openFileSource(`docker-archive:${join(folder, `${name}.tar`)}`, folder),
      openFileSink(`oci:${target}`),
    );
    await expect(copy).rejects.toThrow(message);
    expect(await Bun.file(join(target, "index.json")).exists()).toBe(false);
  });
}

/** What `docker save` writes today: an OCI layout with Docker's list, here of one platform of `index`. */
async function savedByDocker(index: TestImage, platform: TestImage, without: TestImage | null): Promise<Uint8Array> {
  const missing = new Set(
    without === null ? [] : [...without.files.keys()].filter((digest) => !platform.files.has(digest)),
  );
  const manifest = parseManifest(platform.files.get(platform.root.digest) ?? new Uint8Array(), null);
  const path = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
  const annotations = {
    "io.containerd.image.name": "docker.io/library/app:1",
    "org.opencontainers.image.ref.name": "1",
  };
  return tarOf({
    ...Object.fromEntries(
      [...index.files].filter(([digest]) => !missing.has(digest)).map(([digest, bytes]) => [path(digest), bytes]),
    ),
    "index.json": json({ schemaVersion: 2, manifests: [{ ...index.root, annotations }] }),
    "oci-layout": '{"imageLayoutVersion":"1.0.0"}',
    "manifest.json": listing({
      Config: path(manifest.config?.digest ?? ""),
      RepoTags: ["app:1"],
      Layers: manifest.layers.map(({ digest }) => path(digest)),
    }),
  });
}

test("today's docker save keeps the index when it has all of it, or else the platform that it has", async () => {
  const [amd64, arm64] = [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ];
  const [mine, other] = [await testImage(["mine"], amd64), await testImage(["other"], arm64)];
  const index = testIndex([
    { image: mine, platform: amd64 },
    { image: other, platform: arm64 },
  ]);
  const whole = await copyFrom(await savedByDocker(index, mine, null));
  expect(whole.copied).toMatchObject([{ name: "docker.io/library/app:1", digest: index.root.digest, isBuilt: false }]);
  const part = await copyFrom(await savedByDocker(index, mine, other), ":app:1");
  expect(part.copied).toMatchObject([{ name: "docker.io/library/app:1", digest: mine.root.digest, isBuilt: false }]);
});
