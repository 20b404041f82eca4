import { expect, test } from "bun:test";
import { whyNoContainerImage } from "./container-image.ts";
import { digestOf } from "./digest.ts";
import { parseManifest } from "./manifest.ts";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const DOCKER = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";

const blob = (mediaType: string) => ({ mediaType, digest: digestOf("x"), size: 1 });
const image = (config: string, layers: readonly string[], mediaType = OCI, more = {}) =>
  parseManifest(
    new TextEncoder().encode(
      JSON.stringify({ schemaVersion: 2, mediaType, config: blob(config), layers: layers.map(blob), ...more }),
    ),
    null,
  );

const images: readonly (readonly [string, readonly string[], string])[] = [
  [CONFIG, [], OCI],
  [CONFIG, ["application/vnd.oci.image.layer.v1.tar"], OCI],
  [CONFIG, ["application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+zstd"], OCI],
  [CONFIG, ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"], OCI],
  ["application/vnd.docker.container.image.v1+json", ["application/vnd.docker.image.rootfs.diff.tar.gzip"], DOCKER],
  ["application/vnd.docker.container.image.v1+json", ["application/vnd.docker.image.rootfs.diff.tar"], DOCKER],
  [
    "application/vnd.docker.container.image.v1+json",
    ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"],
    OCI,
  ],
];
test.each(images)("a config of type %s with layers %j is a container image", (config, layers, type) => {
  expect(whyNoContainerImage(image(config, layers, type))).toBeNull();
});

const others: readonly (readonly [ReturnType<typeof image>, string])[] = [
  [
    image("application/vnd.cncf.helm.config.v1+json", ["application/vnd.cncf.helm.chart.content.v1.tar+gzip"]),
    "a Helm chart",
  ],
  [
    image("application/vnd.oci.empty.v1+json", ["text/plain"], OCI, { artifactType: "application/vnd.example" }),
    'an artifact of the type "application/vnd.example"',
  ],
  [image(CONFIG, ["application/vnd.dev.cosign.simplesigning.v1+json"]), "a signature"],
  [image(CONFIG, ["application/vnd.in-toto+json"]), "an attestation"],
  [image(CONFIG, ["text/plain"]), 'an artifact, with content of the type "text/plain"'],
  [image("application/vnd.buildkit.cacheconfig.v0", []), "a build cache"],
  [image(CONFIG, ["application/vnd.oci.image.layer.v1.tar+gzip+encrypted"]), "an image with encrypted layers"],
];
test.each(others)("%# is none", (manifest, why) => expect(whyNoContainerImage(manifest)).toBe(why));

test("an image of schema 1, an index and a build cache are none", () => {
  const schema1 = { schemaVersion: 1, name: "x", fsLayers: [{ blobSum: digestOf("x") }], history: [] };
  const read = (document: object, type: string | null) =>
    parseManifest(new TextEncoder().encode(JSON.stringify(document)), type);
  const type = "application/vnd.docker.distribution.manifest.v1+json";
  expect(whyNoContainerImage(read(schema1, type))).toBe("an image of Docker's schema 1, which has no config");
  const index = (manifests: object[]) =>
    read({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }, null);
  expect(whyNoContainerImage(index([blob(OCI)]))).toBe("an index");
  expect(whyNoContainerImage(index([blob("application/vnd.buildkit.cacheconfig.v0")]))).toBe("a build cache");
});
