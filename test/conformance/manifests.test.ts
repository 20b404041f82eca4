import { describe, expect, test } from "bun:test";
import {
  ALGORITHMS,
  contentOf,
  descriptorOf,
  describeManifest,
  freshName,
  type Image,
  makeArtifact,
  makeBlob,
  makeDockerImage,
  makeImage,
  makeIndex,
  makeManifest,
  type ManifestContent,
  missingDigest,
  TYPE,
} from "./content-factory.ts";
import { expectServed } from "./expect-manifest.ts";
import { locationOf, manifestUrl, pushBlob, pushImage, pushManifest, putManifest } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

/** The manifest is taken by its digest and by a tag, and served at Location, by digest and by tag. */
async function expectAccepted(name: string, manifest: ManifestContent): Promise<void> {
  const references = manifest.digest.startsWith("sha512:") ? [manifest.digest] : [manifest.digest, "a-tag"];
  for (const reference of references) {
    const reply = await putManifest(registry.url, name, manifest, reference);
    expect(reply.status, reply.text).toBe(201);
    expect(reply.headers.get("docker-content-digest")).toBe(manifest.digest);
    await expectServed(locationOf(reply, registry.url), manifest);
    await expectServed(manifestUrl(registry.url, name, reference), manifest);
  }
}

async function pushBlobsOf(name: string, ...images: readonly Image[]): Promise<void> {
  await Promise.all(images.flatMap((image) => image.blobs).map((blob) => pushBlob(registry.url, name, blob)));
}

describe("a manifest that is", () => {
  const images: [string, () => Image][] = [
    ["an image", () => makeImage()],
    ["an image whose content is named by sha512", () => makeImage({}, "sha512")],
    ["an image without layers", () => makeImage({ layers: [] })],
    ["an image with annotations and fields that nobody knows", () => makeImage({ annotations: { a: "ä" }, x: [{}] })],
    ["an image for Docker", () => makeDockerImage()],
    ["an artifact", () => makeArtifact("application/vnd.example.thing")],
  ];
  test.each(images)("%s is kept and served byte for byte", async (_what, make) => {
    const name = freshName();
    const image = make();
    await pushBlobsOf(name, image);
    await expectAccepted(name, image.manifest);
  });

  test("an artifact manifest of older tools is kept", async () => {
    const name = freshName();
    const blob = makeBlob();
    await pushBlob(registry.url, name, blob);
    const document = {
      mediaType: TYPE.artifact,
      artifactType: "application/vnd.example.thing",
      blobs: [descriptorOf(blob, "text/plain")],
    };
    await expectAccepted(name, makeManifest(document));
  });

  test("an image with data in its descriptors is kept", async () => {
    const name = freshName();
    const config = contentOf('{"architecture":"amd64","os":"linux"}');
    const layer = makeBlob(30);
    for (const blob of [config, layer]) await pushBlob(registry.url, name, blob);
    const data = (bytes: Uint8Array): Record<string, string> => ({ data: Buffer.from(bytes).toString("base64") });
    const image = makeImage({
      config: descriptorOf(config, TYPE.config, data(config.bytes)),
      layers: [descriptorOf(layer, TYPE.layer, data(layer.bytes))],
    });
    await expectAccepted(name, image.manifest);
  });

  test("an image with layers that may not be distributed is taken without them", async () => {
    const name = freshName();
    const image = makeImage();
    await pushBlobsOf(name, image);
    const document = JSON.parse(new TextDecoder().decode(image.manifest.bytes)) as { layers: unknown[] };
    for (const mediaType of [TYPE.foreignLayer, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"]) {
      const foreign = { mediaType, digest: missingDigest(), size: 123_456, urls: ["https://store.example/layer"] };
      document.layers.unshift(foreign);
    }
    await expectAccepted(name, makeManifest({ ...document }));
  });

  test.each(ALGORITHMS)("an index of images by %s is kept", async (algorithm) => {
    const name = freshName();
    const images = [makeImage({}, algorithm), makeImage({}, algorithm)];
    for (const image of images) await pushImage(registry.url, name, image);
    const platforms = [
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64", variant: "v8" },
    ];
    const children = images.map(({ manifest }, index) => describeManifest(manifest, { platform: platforms[index] }));
    await expectAccepted(name, makeIndex(children, {}, algorithm));
  });

  test("an index of indexes is kept", async () => {
    const name = freshName();
    const image = makeImage();
    await pushImage(registry.url, name, image);
    const inner = makeIndex([describeManifest(image.manifest)]);
    await pushManifest(registry.url, name, inner);
    await expectAccepted(name, makeIndex([describeManifest(inner)]));
  });

  test("an empty index is kept", async () => {
    await expectAccepted(freshName(), makeIndex([], { annotations: { nonce: missingDigest() } }));
  });

  test("an index with attestations for an unknown platform is kept", async () => {
    const name = freshName();
    const [image, attestation] = [makeImage(), makeArtifact("application/vnd.in-toto+json")];
    for (const each of [image, attestation]) await pushImage(registry.url, name, each);
    const platform = { os: "unknown", architecture: "unknown" };
    await expectAccepted(
      name,
      makeIndex([describeManifest(image.manifest), describeManifest(attestation.manifest, { platform })]),
    );
  });

  test("a Docker manifest list is kept", async () => {
    const name = freshName();
    const image = makeDockerImage();
    await pushImage(registry.url, name, image);
    const manifests = [describeManifest(image.manifest, { platform: { os: "linux", architecture: "amd64" } })];
    await expectAccepted(name, makeIndex(manifests, { mediaType: TYPE.dockerList }));
  });

  test("an image without a mediaType of its own is kept under its Content-Type", async () => {
    const name = freshName();
    const image = makeImage();
    await pushBlobsOf(name, image);
    const document = JSON.parse(new TextDecoder().decode(image.manifest.bytes)) as Record<string, unknown>;
    delete document["mediaType"];
    await expectAccepted(name, makeManifest(document, TYPE.manifest));
  });

  test("oddly spaced JSON is not tidied up", async () => {
    const name = freshName();
    const image = makeImage();
    await pushBlobsOf(name, image);
    const text = `\n\t ${new TextDecoder().decode(image.manifest.bytes).replaceAll(",", " ,\r\n")}\n\n`;
    await expectAccepted(name, { ...contentOf(text), mediaType: TYPE.manifest });
  });

  test.each([3_900_000, 4_194_304, 4_393_216])("%d bytes long is kept", async (sizeBytes) => {
    const name = freshName();
    const image = makeImage();
    await pushBlobsOf(name, image);
    const document = JSON.parse(new TextDecoder().decode(image.manifest.bytes)) as Record<string, unknown>;
    const base = makeManifest({ ...document, annotations: { large: "" } }).bytes.length;
    const manifest = makeManifest({ ...document, annotations: { large: "A".repeat(sizeBytes - base) } });
    expect(manifest.bytes.length).toBe(sizeBytes);
    await expectAccepted(name, manifest);
  });
});
