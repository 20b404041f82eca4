/**
 * Makes content to push: blobs of random bytes, images, indexes and artifacts around them.
 *
 * Digests are computed with node:crypto on purpose, not with larder's own code.
 */
import { createHash, randomBytes } from "node:crypto";

export type Algorithm = "sha256" | "sha512";
export const ALGORITHMS: readonly Algorithm[] = ["sha256", "sha512"];

/** Media types as the specifications spell them. */
export const TYPE = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  foreignLayer: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  artifact: "application/vnd.oci.artifact.manifest.v1+json",
  empty: "application/vnd.oci.empty.v1+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/** Bytes and the digest that they are pushed by. */
export type Content = { readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: string };
export type ManifestContent = Content & { readonly mediaType: string };
/** A manifest and the blobs that have to be pushed before it. */
export type Image = { readonly manifest: ManifestContent; readonly blobs: readonly Content[] };
/** A descriptor as it stands in a manifest. */
export type DescriptorJson = { mediaType: string; digest: string; size: number } & Record<string, unknown>;

export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** The content that `data` is: bytes as they are, text as UTF-8. */
export function contentOf(data: Uint8Array | string, algorithm: Algorithm = "sha256"): Content {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
  return { bytes, digest: digestOf(bytes, algorithm) };
}

/** A blob of random bytes, so that no two tests share one. */
export function makeBlob(sizeBytes = 1000, algorithm: Algorithm = "sha256"): Content {
  return contentOf(randomBytes(sizeBytes), algorithm);
}

/** The digest of content that nobody has. */
export function missingDigest(algorithm: Algorithm = "sha256"): string {
  return makeBlob(32, algorithm).digest;
}

/** A repository name that no other test uses. */
export function freshName(hint = "repository"): string {
  return `conformance/${hint}-${randomBytes(6).toString("hex")}`;
}

/** A document as a manifest: by its own `mediaType` when it has one. */
export function makeManifest(
  document: Record<string, unknown>,
  mediaType = String(document["mediaType"]),
  algorithm: Algorithm = "sha256",
): ManifestContent {
  return { ...contentOf(JSON.stringify(document), algorithm), mediaType };
}

export function descriptorOf(content: Content, mediaType: string, more: Record<string, unknown> = {}): DescriptorJson {
  return { mediaType, digest: content.digest, size: content.bytes.length, ...more };
}

/** The descriptor of an image's, index's or artifact's manifest. */
export function describeManifest(content: ManifestContent, more: Record<string, unknown> = {}): DescriptorJson {
  return descriptorOf(content, content.mediaType, more);
}

/** An image of two random layers. `more` adds fields to its manifest or replaces them. */
export function makeImage(more: Record<string, unknown> = {}, algorithm: Algorithm = "sha256"): Image {
  const layers = [makeBlob(1500, algorithm), makeBlob(700, algorithm)];
  const config = contentOf(
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [missingDigest()] } }),
    algorithm,
  );
  const document = {
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: layers.map((layer) => descriptorOf(layer, TYPE.layer)),
    ...more,
  };
  return { manifest: makeManifest(document, undefined, algorithm), blobs: [config, ...layers] };
}

/** The same as a Docker image, manifest version 2, schema 2. */
export function makeDockerImage(): Image {
  const layer = makeBlob(900);
  const config = contentOf(JSON.stringify({ architecture: "amd64", os: "linux", nonce: missingDigest() }));
  const document = {
    schemaVersion: 2,
    mediaType: TYPE.dockerManifest,
    config: descriptorOf(config, TYPE.dockerConfig),
    layers: [descriptorOf(layer, TYPE.dockerLayer)],
  };
  return { manifest: makeManifest(document), blobs: [config, layer] };
}

/** An index of the manifests that the descriptors name. */
export function makeIndex(
  manifests: readonly DescriptorJson[],
  more: Record<string, unknown> = {},
  algorithm: Algorithm = "sha256",
): ManifestContent {
  return makeManifest({ schemaVersion: 2, mediaType: TYPE.index, manifests, ...more }, undefined, algorithm);
}

/** Something that is not an image, in an image manifest with the empty config. */
export function makeArtifact(artifactType: string, more: Record<string, unknown> = {}): Image {
  const empty = contentOf("{}");
  const blob = makeBlob(120);
  const document = {
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    artifactType,
    config: descriptorOf(empty, TYPE.empty),
    layers: [descriptorOf(blob, artifactType)],
    ...more,
  };
  return { manifest: makeManifest(document), blobs: [empty, blob] };
}
