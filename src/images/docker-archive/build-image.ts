import * as v from "valibot";
import { detectCompression, MAGIC_BYTES } from "../../lib/compression/detect-compression.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, Digester, digestOf, tryParseDigest } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { DockerImage } from "./docker-listing.ts";
import type { FileTree } from "../files/file-tree.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { SourceBlob } from "../image-source.ts";
import { inflate } from "../files/inflate.ts";
import { normalizePath } from "../files/tar-tree.ts";

/** A manifest made for an image that came without one. `paths`: where in the archive its blobs are. */
export type BuiltImage = { readonly manifest: ManifestContent; readonly paths: ReadonlyMap<Digest, string> };

/**
 * Makes the OCI manifest of an image out of what a Docker archive lists, the layers as they are there: the same one
 * that Docker itself makes since version 25. `config` is the content of its config.
 *
 * A plain layer's digest is the diff ID that the config tells, so it is checked when the layer is copied; a compressed
 * layer is read here, once, for its digest. Throws MANIFEST_INVALID, BLOB_UNKNOWN, or DIGEST_INVALID.
 */
export async function buildImage(tree: FileTree, image: DockerImage, config: Uint8Array): Promise<BuiltImage> {
  const diffIds = readDiffIds(tree, image, config);
  const paths = new Map<Digest, string>();
  const layers: Descriptor[] = [];
  for (const [position, path] of image.layers.entries()) {
    const diffId = diffIds[position] as Digest; // as many as there are layers
    const member = normalizePath(path) ?? "";
    const file = await tree.open(member);
    if (file === null) throw new RegistryError("BLOB_UNKNOWN", `${tree.location} is incomplete: it lacks ${path}`);
    const layer = await describeLayer(file, diffId, `${path} in ${tree.location}`);
    layers.push(layer);
    paths.set(layer.digest, member);
  }
  const configDigest = digestOf(config);
  paths.set(configDigest, normalizePath(image.config) ?? "");
  const bytes = new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: { mediaType: MEDIA_TYPE.ociConfig, digest: configDigest, size: config.length },
      layers,
    }),
  );
  return { manifest: { bytes, mediaType: MEDIA_TYPE.ociManifest, digest: digestOf(bytes) }, paths };
}

const rootfs = v.looseObject({ rootfs: v.looseObject({ diff_ids: v.nullish(v.array(v.string()), []) }) });

function readDiffIds(tree: FileTree, image: DockerImage, config: Uint8Array): readonly Digest[] {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), rootfs), new TextDecoder().decode(config));
  if (!parsed.success) throw invalid(tree, image, "is not an image's config: it has no rootfs.diff_ids");
  const texts = parsed.output.rootfs.diff_ids ?? [];
  if (texts.length !== image.layers.length) {
    throw invalid(tree, image, `has ${texts.length} diff IDs; manifest.json lists ${image.layers.length} layers`);
  }
  return texts.map((text) => {
    const digest = tryParseDigest(text);
    if (digest === null) throw invalid(tree, image, `has a diff ID that is not valid`);
    return digest;
  });
}

async function describeLayer(file: SourceBlob, diffId: Digest, name: string): Promise<Descriptor> {
  const mediaType = await layerMediaType(file, name);
  if (mediaType === LAYER_TYPE.none) return { mediaType, digest: diffId, size: file.sizeBytes };
  const digester = new Digester("sha256");
  const plain = new Digester("sha256");
  for await (const piece of inflate(digested(await file.stream(0), digester), name)) plain.update(piece);
  const actual = plain.digest();
  if (actual !== diffId) {
    throw new RegistryError(
      "DIGEST_INVALID",
      `${name} is damaged: its content has the digest ${actual}, not ${diffId}`,
    );
  }
  return { mediaType, digest: digester.digest(), size: file.sizeBytes };
}

const LAYER_TYPE = {
  none: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
} as const;

async function layerMediaType(file: SourceBlob, name: string): Promise<string> {
  const first: Uint8Array[] = [];
  let length = 0;
  for await (const piece of await file.stream(0)) {
    first.push(piece);
    length += piece.length;
    if (length >= MAGIC_BYTES) break;
  }
  const compression = detectCompression(Buffer.concat(first));
  if (compression === "xz" || compression === "bzip2") {
    throw new RegistryError(
      "MANIFEST_INVALID",
      `${name} is compressed with ${compression}, which no image's layer may be`,
    );
  }
  return LAYER_TYPE[compression];
}

async function* digested(pieces: ReadableStream<Uint8Array>, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    digester.update(piece);
    yield piece;
  }
}

function invalid(tree: FileTree, image: DockerImage, why: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `${image.config} in ${tree.location} ${why}`);
}
