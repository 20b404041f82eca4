import type { ArchiveTarget } from "./archive-target.ts";
import { DockerImages } from "../docker-archive/docker-images.ts";
import { formatDockerListing } from "../docker-archive/docker-listing.ts";
import type { ImageSink } from "../image-sink.ts";
import { blobPath, LAYOUT_MARK } from "../layout/layout-index.ts";
import { LayoutListing } from "../layout/layout-listing.ts";
import { EMPTY_INDEX, formatRawIndex } from "../raw-index.ts";
import { TarFileWriter } from "../files/tar-file-writer.ts";
import { writeFailure } from "../files/write-failure.ts";

/**
 * An archive that is an OCI layout and, in the `docker` format, has a `manifest.json` too: `docker load` goes by the
 * one, containerd by the other. `label` names the image that is put; null keeps the name that it comes with.
 */
export function archiveSink(
  format: "docker" | "oci",
  target: ArchiveTarget,
  label: string | null,
  location: string,
): ImageSink {
  const writer = new TarFileWriter(target.handle);
  const listing = new LayoutListing(label);
  const images = new DockerImages(label);
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
