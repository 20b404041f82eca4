/** What `cache X; rm X; gc` gives back: all that came because of X, at once, and nothing that others share. By bytes on disk. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import {
  type Content,
  describeManifest,
  type Image,
  type ManifestContent,
  makeArtifact,
  makeImage,
  makeIndex,
} from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { runLarder } from "./larder-command.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterEach(() => lab.upstream.behave());
afterAll(() => lab.stop());

/** Runs a command, which must succeed. */
async function larder(...argv: readonly string[]): Promise<string> {
  const { status, output, errors } = await runLarder(lab.larder.url, ...argv);
  expect(status, errors).toBe(0);
  return output;
}

async function bytesOnDisk(): Promise<number> {
  const sizes = await Promise.all((await lab.files("blobs")).map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes of different blobs. */
function sizeOf(...images: readonly Image[]): number {
  const blobs = new Map(images.flatMap(({ blobs: all }) => all.map((blob) => [blob.digest, blob.bytes.length])));
  return [...blobs.values()].reduce((sum, size) => sum + size, 0);
}

/** An index of two platforms at upstream, with whatever is attached to images: all that it consists of. */
function addSignedIndex(tag: string): { readonly index: ManifestContent; readonly parts: readonly Image[] } {
  const children = ["amd64", "arm64"].map((architecture) => ({ architecture, image: makeImage() }));
  const index = makeIndex(
    children.map(({ architecture, image }) =>
      describeManifest(image.manifest, { platform: { os: "linux", architecture } }),
    ),
  );
  lab.upstream.tag(tag, index);
  const attached = [index, ...children.map(({ image }) => image.manifest)].flatMap((subject) => {
    const base = subject.digest.replace(":", "-");
    const sbom = makeArtifact("application/vnd.example.sbom", { subject: describeManifest(subject) });
    lab.upstream.refer(subject.digest, makeIndex([describeManifest(sbom.manifest)]));
    lab.upstream.addImage(sbom);
    return [sbom, ...[".sig", ".att"].map((suffix) => addImage(makeImage(), `${base}${suffix}`))];
  });
  for (const { image } of children) lab.upstream.addImage(image);
  return { index, parts: [...children.map(({ image }) => image), ...attached] };
}

function addImage(image: Image, tag: string): Image {
  lab.upstream.addImage(image, tag);
  return image;
}

const REFERENCE = `${HOST}/${PATH}`;

test.each([
  ["by tag, referrers under a tag", "rm-tag", false],
  ["by digest, referrers by the API", "rm-digest", true],
])("an index with all that is attached to it goes at once: %s", async (how, tag, hasReferrersApi) => {
  lab.upstream.hasReferrersApi = hasReferrersApi;
  const { index, parts } = addSignedIndex(tag);
  await larder("cache", "--all-platforms", `${REFERENCE}:${tag}`);
  expect(await bytesOnDisk()).toBe(sizeOf(...parts));
  await larder("rm", how.startsWith("by tag") ? `${REFERENCE}:${tag}` : `${REFERENCE}@${index.digest}`);
  await larder("gc");
  expect(await bytesOnDisk()).toBe(0);
  expect(await larder("ls", "--json")).not.toContain("sha256-");
});

test("what others share stays: a layer, a platform's image with its signature, another repository's copy", async () => {
  const shared = makeImage();
  const entry = describeManifest(shared.manifest, { platform: { os: "linux", architecture: "amd64" } });
  const [first, second] = [makeIndex([entry], { annotations: { of: "1" } }), makeIndex([entry])];
  lab.upstream.addImage(shared);
  lab.upstream.tag("first", first);
  lab.upstream.tag("second", second);
  const [ofFirst, ofShared] = [makeImage(), makeImage()];
  addImage(ofFirst, `${first.digest.replace(":", "-")}.sig`);
  addImage(ofShared, `${shared.manifest.digest.replace(":", "-")}.sig`);
  const names = [`${REFERENCE}:first`, `${REFERENCE}:second`, `${HOST}/another/name:first`];
  await larder("cache", "--all-platforms", ...names);
  await larder("rm", `${REFERENCE}:first`);
  await larder("gc");
  expect(await bytesOnDisk()).toBe(sizeOf(shared, ofShared, ofFirst));
  await larder("rm", `${HOST}/another/name:first`);
  await larder("gc");
  expect(await bytesOnDisk()).toBe(sizeOf(shared, ofShared));
  await larder("has", "--all-platforms", `${REFERENCE}:second`);
  await larder("rm", `${REFERENCE}:second`);
  await larder("gc");
  expect(await bytesOnDisk()).toBe(0);
});

test("an image that a client pulled goes at once, too, and what its repository's other tag holds does not", async () => {
  const image = makeImage();
  addImage(image, "pulled");
  lab.upstream.tag("same", image.manifest);
  const pull = async (content: Content) => send("GET", lab.blobUrl(content.digest));
  for (const tag of ["pulled", "same"]) await lab.manifest(tag);
  await Promise.all(image.blobs.map(pull));
  await larder("rm", `${REFERENCE}:pulled`);
  await larder("gc");
  expect(await bytesOnDisk()).toBe(sizeOf(image));
  await larder("rm", `${REFERENCE}:same`);
  await larder("gc");
  expect(await bytesOnDisk()).toBe(0);
});
