import { expect, test } from "bun:test";
import { digestOf } from "./digest.ts";
import { type Manifest, manifestSteps, parseManifest } from "./manifest.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import { RegistryError } from "./registry-error.ts";

const CONFIG = { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf("config"), size: 6 };

function layer(index: number) {
  return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(`${index}`), size: index };
}

function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

function image(layers: readonly unknown[], more: object = {}): Uint8Array {
  return bytesOf({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: CONFIG, layers, ...more });
}

function inSteps(bytes: Uint8Array): { manifest: Manifest; steps: number } {
  const reading = manifestSteps(bytes, null);
  for (let steps = 1; ; steps++) {
    const step = reading.next();
    if (step.done === true) return { manifest: step.value, steps };
  }
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RegistryError && error.code === "MANIFEST_INVALID") return error.message;
    throw error;
  }
  return "taken";
}

test("a manifest of thousands of layers is read in many steps, and says the same as when it is read at once", () => {
  const layers = Array.from({ length: 30_000 }, (_, index) => layer(index));
  const { manifest, steps } = inSteps(image(layers, { annotations: { a: "b" }, subject: CONFIG }));
  expect(manifest).toEqual(parseManifest(image(layers, { annotations: { a: "b" }, subject: CONFIG }), null));
  expect(manifest.layers).toHaveLength(30_000);
  expect(steps).toBeGreaterThan(500);
});

test("a small manifest is read in one step", () => {
  expect(inSteps(image([layer(1)]))).toEqual({ manifest: parseManifest(image([layer(1)]), null), steps: 1 });
});

test("what is wrong is named with its field, however the manifest is read", () => {
  const many = Array.from({ length: 1000 }, (_, index) => layer(index));
  for (const layers of [[layer(0)], many]) {
    const last = layers.length;
    const wrong = [
      [[...layers, { ...layer(1), digest: "sha256:1" }], `field "layers.${last}.digest": is not a valid digest`],
      [[...layers, { ...layer(1), size: -1 }], `field "layers.${last}.size"`],
      [[...layers, "layer"], `field "layers.${last}"`],
    ] as const;
    for (const [list, why] of wrong) {
      expect(refusal(() => parseManifest(image(list), null))).toContain(why);
      expect(refusal(() => inSteps(image(list)))).toContain(why);
    }
    const noList = image([], { layers: 7, x: "x".repeat(layers.length * 100) });
    expect(refusal(() => inSteps(noList))).toContain('field "layers"');
  }
});

test("a document that takes a second to parse is refused as no manifest", () => {
  const names = Array.from({ length: 200_000 }, (_, index) => [`a${index}`, ""]);
  expect(refusal(() => inSteps(image([], { annotations: Object.fromEntries(names) })))).toContain("not JSON");
  expect(refusal(() => inSteps(new TextEncoder().encode("[".repeat(4_000_000))))).toContain("not JSON");
  expect(refusal(() => inSteps(new Uint8Array(100_000).fill(0xff)))).toContain("not JSON");
  expect(refusal(() => inSteps(bytesOf(Array.from({ length: 50_000 }, () => ""))))).toContain("not JSON");
});

test("Docker's schema 1 and withdrawn artifacts are read, too", () => {
  const schema1 = { schemaVersion: 1, fsLayers: [{ blobSum: digestOf("a") }, { blobSum: digestOf("b") }] };
  expect(parseManifest(bytesOf(schema1), null)).toMatchObject({
    mediaType: MEDIA_TYPE.dockerSchema1,
    layers: [{ digest: digestOf("a") }, { digest: digestOf("b") }],
  });
  const artifact = { mediaType: MEDIA_TYPE.ociArtifact, artifactType: "text/x", blobs: [layer(1)] };
  expect(parseManifest(bytesOf(artifact), null)).toMatchObject({ artifactType: "text/x", layers: [layer(1)] });
});
