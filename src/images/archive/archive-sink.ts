import type { FileHandle } from "node:fs/promises";
import type { ArchiveTarget } from "./archive-target.ts";
import { DockerImages } from "../docker-archive/docker-images.ts";
import { formatDockerListing } from "../docker-archive/docker-listing.ts";
import { insistOnDockerImage } from "../docker-archive/insist-on-docker-image.ts";
import type { ImageSink } from "../image-sink.ts";
import { blobPath, LAYOUT_MARK } from "../layout/layout-index.ts";
import { LayoutListing } from "../layout/layout-listing.ts";
import { EMPTY_INDEX, formatRawIndex } from "../raw-index.ts";
import { writeBytes, writeFailure, writePieces } from "../files/write-file.ts";
import { BLOCK_BYTES } from "../../lib/tar/header-block.ts";
import { tarEntry } from "../../lib/tar/tar-entry.ts";
import { hostPlatform, type Platform } from "../../oci/platform.ts";
import { encodeMemberHead } from "../../lib/tar/encode-member-head.ts";

/**
 * An archive that is an OCI layout and, in the `docker` format, has a `manifest.json` too: `docker load` goes by the
 * one, containerd by the other. `label` names the image that is put; null keeps the name that it comes with. Of several platforms
 * `manifest.json` has `platform`.
 */
export function archiveSink(
  format: "docker" | "oci",
  target: ArchiveTarget,
  label: string | null,
  location: string,
  platform: Platform = hostPlatform(),
): ImageSink {
  const writer = new TarFileWriter(target.handle);
  const listing = new LayoutListing(label);
  const images = new DockerImages(label, platform);
  const added = new Set<string>();
  const add = async (
    path: string,
    sizeBytes: number,
    content: () => Promise<ReadableStream<Uint8Array> | Uint8Array>,
  ) => {
    if (added.has(path)) return "present" as const;
    added.add(path);
    try {
      await writer.add(path, sizeBytes, await content());
    } catch (error) {
      throw writeFailure(error, location);
    }
    return "copied" as const;
  };
  const addBytes = (path: string, bytes: Uint8Array) => add(path, bytes.length, () => Promise.resolve(bytes));
  const addText = (path: string, text: string) => addBytes(path, new TextEncoder().encode(text));
  return {
    location,
    async accept(manifests, absent) {
      if (format === "docker") insistOnDockerImage(manifests, absent, location);
    },
    putBlob: (blob) => add(blobPath(blob.digest), blob.sizeBytes, () => blob.open(0)),
    async putManifest(content, tag) {
      await addBytes(blobPath(content.digest), content.bytes);
      images.remember(content);
      listing.addManifest(content, tag);
    },
    async putImage(content, name) {
      await addBytes(blobPath(content.digest), content.bytes);
      images.add(content, name);
      return listing.addImage(content, name);
    },
    async close() {
      if (format === "docker") await addText("manifest.json", formatDockerListing(images.list()));
      await addText("oci-layout", LAYOUT_MARK);
      await addBytes("index.json", formatRawIndex(listing.mergeInto(EMPTY_INDEX)));
      try {
        await target.publish(await writer.finish());
      } catch (error) {
        throw writeFailure(error, location);
      }
    },
    abort: () => target.discard(),
  };
}

/**
 * Writes a tar file whose members come side by side: each gets its place when it begins, since its length is known.
 * Owners, modes and times are always the same, so that the same members in the same order give the same file.
 */
class TarFileWriter {
  readonly #handle: FileHandle;
  #end = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Adds a file. Throws when `content` fails or is not `sizeBytes` long; the archive is then good for nothing. */
  async add(path: string, sizeBytes: number, content: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const head = encodeMemberHead(tarEntry(path, "file", { size: sizeBytes }));
    const start = this.#end;
    this.#end += head.length + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
    const end = this.#end;
    await writeBytes(this.#handle, start, head);
    const written = await this.#writeContent(start + head.length, content);
    if (written !== sizeBytes) throw new Error(`${path} has ${written} bytes; ${sizeBytes} were announced`);
    const paddingBytes = end - start - head.length - sizeBytes;
    await writeBytes(this.#handle, end - paddingBytes, new Uint8Array(paddingBytes));
  }

  /** Ends the archive and hands back its length in bytes. */
  async finish(): Promise<number> {
    const marks = new Uint8Array(2 * BLOCK_BYTES);
    await writeBytes(this.#handle, this.#end, marks);
    return this.#end + marks.length;
  }

  async #writeContent(start: number, content: AsyncIterable<Uint8Array> | Uint8Array): Promise<number> {
    if (!(content instanceof Uint8Array)) return writePieces(this.#handle, start, content);
    await writeBytes(this.#handle, start, content);
    return content.length;
  }
}
