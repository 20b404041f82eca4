import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readTar } from "../lib/tar/read-tar.ts";
import { tarEntry } from "../lib/tar/tar-entry.ts";
import { writeTar } from "../lib/tar/write-tar.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, type Digest, digestOf, hexOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Platform } from "../oci/platform.ts";

/** An image for tests: its root's descriptor, and everything below it by digest, the root included. */
export type TestImage = { readonly root: Descriptor; readonly files: ReadonlyMap<Digest, Uint8Array> };

const AMD64: Platform = { os: "linux", architecture: "amd64" };

/** The bytes of a tar archive with these files. */
export async function tarOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> {
  const members = Object.entries(files).map(([path, text]) => {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    return {
      entry: tarEntry(path, "file", { size: bytes.length }),
      body: bytes.length === 0 ? null : inOnePiece(bytes),
    };
  });
  return Buffer.concat(await Array.fromAsync(writeTar(members)));
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** The names of a tar archive's members. */
export async function namesInTar(archive: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { entry } of readTar(archive)) names.push(entry.path);
  return names;
}

/** An image whose layers are tars of these texts, gzip-compressed. */
export async function testImage(
  texts: readonly string[],
  platform: Platform = AMD64,
  annotations: Readonly<Record<string, string>> = {},
): Promise<TestImage> {
  const plain = await Promise.all(texts.map((text) => tarOf({ "file.txt": text })));
  const layers = plain.map((tar) => gzipSync(tar));
  const config = { ...platform, rootfs: { type: "layers", diff_ids: plain.map((tar) => digestOf(tar)) } };
  return testManifest(json(config), layers, { annotations });
}

/** A manifest with this config and these blobs; further fields as in `extra`. */
export function testManifest(
  config: Uint8Array,
  layers: readonly Uint8Array[],
  extra: Readonly<Record<string, unknown>> = {},
): TestImage {
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf(config), size: config.length },
    layers: layers.map((layer) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: digestOf(layer),
      size: layer.length,
    })),
    ...extra,
  });
  const files = new Map([config, ...layers, manifest].map((bytes) => [digestOf(bytes), bytes]));
  return { root: { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf(manifest), size: manifest.length }, files };
}

/** An index of images; `platform` null leaves the field out. */
export function testIndex(
  children: readonly { image: TestImage; platform: Platform | null; annotations?: Record<string, string> }[],
): TestImage {
  const manifests = children.map(({ image, platform, annotations }) => ({
    ...image.root,
    ...(platform === null ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations }),
  }));
  const index = json({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests, unknownField: [1] });
  const files = new Map([...children.flatMap(({ image }) => [...image.files]), [digestOf(index), index] as const]);
  return { root: { mediaType: MEDIA_TYPE.ociIndex, digest: digestOf(index), size: index.length }, files };
}

/** Writes an OCI layout with these images; `name` null leaves an image without one. */
export async function writeLayout(
  directory: string,
  images: readonly { readonly image: TestImage; readonly name: string | null }[],
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [digest, bytes] of images.flatMap(({ image }) => [...image.files])) {
    await Bun.write(join(directory, "blobs", algorithmOf(digest), hexOf(digest)), bytes);
  }
  const manifests = images.map(({ image, name }) => ({
    ...image.root,
    ...(name === null ? {} : { annotations: { "org.opencontainers.image.ref.name": name } }),
  }));
  await Bun.write(join(directory, "index.json"), json({ schemaVersion: 2, manifests }));
  await Bun.write(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

/** The UTF-8 of a value's JSON. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
