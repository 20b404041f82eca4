/** Images for tests: made in memory, and written as OCI layouts for other programs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TarEntry, type TarMember, tarEntry } from "../lib/tar/tar-entry.ts";
import { writeTar } from "../lib/tar/write-tar.ts";
import { digestOf, hexOf } from "../oci/digest.ts";
import type { ImageSource } from "./convert/image-source.ts";

/** An entry of a layer and, for files, its content. */
export type LayerEntry = { readonly entry: TarEntry; readonly content: string };

export function file(path: string, content = path, properties: Partial<TarEntry> = {}): LayerEntry {
  return { entry: tarEntry(path, "file", { ...properties, size: Buffer.byteLength(content) }), content };
}

export function directory(path: string, properties: Partial<TarEntry> = {}): LayerEntry {
  return { entry: tarEntry(path, "directory", properties), content: "" };
}

export function symlink(path: string, linkTarget: string, properties: Partial<TarEntry> = {}): LayerEntry {
  return { entry: tarEntry(path, "symlink", { mode: 0o777, ...properties, linkTarget }), content: "" };
}

export function hardLink(path: string, linkTarget: string): LayerEntry {
  return { entry: tarEntry(path, "hardlink", { linkTarget }), content: "" };
}

export function whiteout(path: string): LayerEntry {
  return file(path.replace(/([^/]*)$/, ".wh.$1"), "");
}

export function opaque(path: string): LayerEntry {
  return file(`${path === "" ? "" : `${path}/`}.wh..wh..opq`, "");
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

export function layerTar(entries: readonly LayerEntry[]): Promise<Buffer<ArrayBuffer>> {
  return collect(
    writeTar(entries.map(({ entry, content }): TarMember => ({ entry, body: once(Buffer.from(content)) }))),
  );
}

const CONFIG = { architecture: "amd64", os: "linux", config: { Cmd: ["/bin/true"] } };

export function imageOf(layers: readonly Uint8Array[], config: object = CONFIG): ImageSource {
  return {
    manifestDigest: null,
    config: Buffer.from(JSON.stringify(config)),
    layers: layers.map((bytes) => ({ open: () => once(bytes) })),
  };
}

/** Writes the layers, uncompressed tars, as an OCI layout with one image, tagged `test`. */
export function writeLayout(folder: string, tars: readonly Uint8Array[]): void {
  const blobs = join(folder, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Uint8Array, mediaType: string) => {
    const digest = digestOf(bytes);
    writeFileSync(join(blobs, hexOf(digest)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const rootfs = { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) };
  const config = put(json({ ...CONFIG, rootfs }), "application/vnd.oci.image.config.v1+json");
  const layers = tars.map((tar) => put(tar, "application/vnd.oci.image.layer.v1.tar"));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = put(json({ schemaVersion: 2, mediaType, config, layers }), mediaType);
  const annotations = { "org.opencontainers.image.ref.name": "test" };
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
}
