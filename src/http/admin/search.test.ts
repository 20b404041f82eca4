import { beforeEach, expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { nameOf } from "../../oci/repository.ts";
import { parseTag } from "../../oci/tag.ts";
import { Pins } from "../../registry/holds/pins.ts";
import { ImageMeasurer } from "../../registry/images/image-measurer.ts";
import { ImageSearch } from "../../registry/images/image-search.ts";
import { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import { putOf } from "../../storage/manifest-put.fixture.ts";
import type { ManifestPut } from "../../storage/metadata.ts";
import { MemoryBlobs } from "../../storage/memory/blobs-memory.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { listNamespaces, searchImages, searchRepositories } from "./search.ts";

const NEVER = new AbortController().signal;
const ORDER = { unqualified: [], standIns: [], localAnswersForAll: true };
const PAGE = { text: "", sort: "match", order: "asc", offset: 0, limit: 100 } as const;
const ALL = { mayPull: undefined, signal: NEVER };

let metadata: ReturnType<typeof memoryMetadata>;
let pins: Pins;
let search: ImageSearch;
let measurer: ImageMeasurer;
beforeEach(async () => {
  metadata = memoryMetadata();
  pins = new Pins(metadata.pins, () => 1);
  await pins.load();
  const { blobs } = new MemoryBlobs();
  const files = { isWhole: async () => true, makeWhole: async () => true };
  const survey = (_: AbortSignal, enoughParts?: number) =>
    new ImageSurvey({ ...metadata, blobs, files, order: ORDER }, new Turns().begin(), enoughParts);
  const { imageSearch: store, manifests, tags } = metadata;
  measurer = new ImageMeasurer({ store, manifests, tags, survey, turns: new Turns() });
  search = new ImageSearch({ store, pins, holds: pins, measurer, turns: new Turns() });
});

/** An image of one layer, which is here. */
async function keep(
  name: string,
  size: number,
  more: Partial<ManifestPut> & { document?: object } = {},
): Promise<Digest> {
  const [repository, tag] = name.split(":") as [RepositoryName, string?];
  const [layer, config] = [digestOf(`layer ${size}`), digestOf("{}")];
  const { document, ...put } = more;
  const content = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: config, size: 2 },
    layers: [{ mediaType: "a/b", digest: layer, size }],
    annotations: { name },
    ...document,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  const manifest = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes };
  await metadata.links.linkBlob(repository, layer, size, 1);
  await metadata.links.linkBlob(repository, config, 2, 1);
  const tags = tag === undefined ? [] : [parseTag(tag)];
  await metadata.manifests.putManifest(repository, putOf(manifest, { tags, references: [layer, config], ...put }));
  return manifest.digest;
}

const namesOf = async (asked: object, searcher = ALL) =>
  (await searchImages(search, { ...PAGE, ...asked }, searcher)).images.map(({ name }) => name);

test("an image tells what is here of it, at the first question already", async () => {
  await keep("quay.io/team/app:1", 1000, { kind: "cached" });
  const digest = await keep("quay.io/team/app:1", 2000, { atMs: 7 });
  const { images, ...rest } = await searchImages(search, PAGE, ALL);
  expect(rest).toEqual({ total: 1, isCut: false, unmeasured: 0 });
  const [image] = images;
  expect(image).toMatchObject({ name: "quay.io/team/app:1", digest, kind: "pushed", covers: true, signed: false });
  expect(image).toMatchObject({ pin: null, heldBy: null, updatedAtMs: 7, pulledAtMs: null, platforms: [] });
  expect(image?.sizeBytes).toBeGreaterThan(2000);
});

test("the largest come first when they are wanted so, as soon as all are measured", async () => {
  for (const [index, size] of [500, 9000, 70].entries()) await keep(`local/x:${index}`, size);
  const asked = { ...PAGE, sort: "size", order: "desc", limit: 1 } as const;
  expect((await searchImages(search, asked, ALL)).unmeasured).toBeGreaterThan(0);
  while ((await searchImages(search, asked, ALL)).unmeasured > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await namesOf({ sort: "size", order: "desc" })).toEqual(["local/x:1", "local/x:0", "local/x:2"]);
  await measurer.stop();
});

test("what a pin holds tells which, and is found by it", async () => {
  for (const name of ["local/a:1", "local/a:2", "local/b:1"]) await keep(name, 10);
  await pins.add("local/a:1", null);
  await pins.add("local/b", null);
  expect(await namesOf({ pinned: "true" })).toEqual(["local/a:1", "local/b:1"]);
  expect(await namesOf({ pinned: "false" })).toEqual(["local/a:2"]);
  const { images } = await searchImages(search, { ...PAGE, text: "b:1" }, ALL);
  expect(images).toMatchObject([{ pin: "local/b", heldBy: "the pin local/b" }]);
});

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
test.each([
  [
    "a referrer of cosign's",
    {
      artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
      layers: [{ mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: digestOf("s"), size: 1 }],
    },
    true,
  ],
  ["a bundle", { artifactType: BUNDLE }, true],
  [
    "a bundle that says it signs",
    {
      artifactType: BUNDLE,
      annotations: { "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1" },
    },
    true,
  ],
  [
    "an attestation in a bundle",
    { artifactType: BUNDLE, annotations: { "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1" } },
    false,
  ],
  ["a bill of materials", { artifactType: "application/spdx+json" }, false],
])("%s makes an image signed: %#", async (_, document, isSigned) => {
  const subject = await keep("local/a:1", 10);
  await keep("local/a", 11, { subject, document });
  expect((await searchImages(search, PAGE, ALL)).images).toMatchObject([{ signed: isSigned }]);
  expect(await namesOf({ signed: "true" })).toEqual(isSigned ? ["local/a:1"] : []);
});

test("cosign's tag makes an image signed, and is none of its own", async () => {
  const subject = await keep("local/a:1", 10);
  await namesOf({});
  await keep(`local/a:${subject.replace(":", "-")}.sig`, 12);
  expect((await searchImages(search, PAGE, ALL)).images).toMatchObject([{ name: "local/a:1", signed: true }]);
});

test("what somebody may not pull is neither shown nor counted", async () => {
  for (const name of ["local/open:1", "local/secret:1", "quay.io/secret:1"]) await keep(name, 10);
  const mayPull: MayPull = async (repository) => !nameOf(repository).includes("secret");
  const searcher = { mayPull, signal: NEVER };
  expect(await searchImages(search, PAGE, searcher)).toMatchObject({ total: 1, images: [{ name: "local/open:1" }] });
  expect(await searchImages(search, { ...PAGE, text: "secret" }, searcher)).toMatchObject({ total: 0, images: [] });
  expect(await searchImages(search, { ...PAGE, pinned: "false", sort: "name" }, searcher)).toMatchObject({ total: 1 });
  expect(await searchRepositories(search, PAGE, searcher)).toMatchObject({ total: 1 });
  expect((await listNamespaces(search, { text: "" }, searcher)).namespaces).toMatchObject([
    { namespace: "local", repositories: 1, tags: 1 },
  ]);
});

test("repositories and namespaces tell how much they have, in any order", async () => {
  for (const [name, size] of [
    ["local/a:1", 100],
    ["local/a:2", 200],
    ["local/b:1", 1000],
    ["quay.io/nginx:1", 5],
  ] as const)
    await keep(name, size, { atMs: size });
  const { namespaces } = await listNamespaces(search, { text: "" }, ALL);
  expect(namespaces).toEqual([
    { namespace: "local", repositories: 2, tags: 3, sizeBytes: 1304 },
    { namespace: "quay.io", repositories: 1, tags: 1, sizeBytes: 7 },
  ]);
  const ordered = async (sort: "name" | "size" | "tags" | "updated" | "match", order: "asc" | "desc", more = {}) =>
    (await searchRepositories(search, { ...PAGE, sort, order, ...more }, ALL)).repositories.map(({ name }) => name);
  expect(await ordered("name", "desc")).toEqual(["quay.io/nginx", "local/b", "local/a"]);
  expect(await ordered("size", "desc")).toEqual(["local/b", "local/a", "quay.io/nginx"]);
  expect(await ordered("tags", "desc")).toEqual(["local/a", "quay.io/nginx", "local/b"]);
  expect(await ordered("updated", "asc")).toEqual(["quay.io/nginx", "local/a", "local/b"]);
  expect(await ordered("match", "asc", { text: ":1" })).toEqual(["local/a", "local/b", "quay.io/nginx"]);
  expect(await ordered("name", "asc", { offset: 1, limit: 1 })).toEqual(["local/b"]);
});

test("a namespace that can be none is refused", async () => {
  await expect(searchImages(search, { ...PAGE, namespace: "a b" }, ALL)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});
