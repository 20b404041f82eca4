import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../../lib/files/sync-folder.ts";
import type { Digest } from "../../oci/digest.ts";
import type { ImageSink } from "../image-sink.ts";
import { blobPath, LAYOUT_MARK } from "./layout-index.ts";
import { LayoutListing } from "./layout-listing.ts";
import { EMPTY_INDEX, formatRawIndex, parseRawIndex, type RawIndex } from "../raw-index.ts";
import { writeFailure, writeFile } from "../files/write-file.ts";
import { nullIfAbsent } from "../../lib/files/system-error.ts";

/**
 * An OCI layout in a directory, a new one or one with other images, which stay. `label` names the image that is put;
 * null keeps the name that it comes with. `index.json` changes once, at `close`.
 */
export function layoutSink(directory: string, label: string | null, location: string): ImageSink {
  const listing = new LayoutListing(label);
  const made = new Map<string, Promise<unknown>>();
  const inFolder = async (path: string): Promise<string> => {
    const [file, folder] = [join(directory, path), dirname(join(directory, path))];
    const making = made.get(folder) ?? mkdir(folder, { recursive: true });
    made.set(folder, making);
    await making;
    return file;
  };
  const store = async (
    digest: Digest,
    sizeBytes: number,
    open: () => Promise<ReadableStream<Uint8Array> | Uint8Array>,
  ) =>
    guarded(location, async () => {
      const file = await inFolder(blobPath(digest));
      if ((await stat(file).catch(nullIfAbsent))?.size === sizeBytes) return "present" as const;
      await writeFile(file, await open());
      return "copied" as const;
    });
  return {
    location,
    accept: () => Promise.resolve(),
    putBlob: (blob) => store(blob.digest, blob.sizeBytes, () => blob.open(0)),
    async putManifest(content, tag) {
      await store(content.digest, content.bytes.length, () => Promise.resolve(content.bytes));
      listing.addManifest(content, tag);
    },
    async putImage(content, name) {
      await store(content.digest, content.bytes.length, () => Promise.resolve(content.bytes));
      return listing.addImage(content, name);
    },
    close: () =>
      guarded(location, async () => {
        for (const folder of made.keys()) await syncFolder(folder);
        await writeFile(await inFolder("oci-layout"), new TextEncoder().encode(LAYOUT_MARK));
        const index = await readIndex(join(directory, "index.json"));
        await writeFile(await inFolder("index.json"), formatRawIndex(listing.mergeInto(index)));
        await syncFolder(directory);
      }),
    // Blobs that no index lists do no harm, and need not be fetched again at the next attempt.
    abort: () => Promise.resolve(),
  };
}

async function readIndex(path: string): Promise<RawIndex> {
  const bytes = await readFile(path).catch(nullIfAbsent);
  return bytes === null ? EMPTY_INDEX : parseRawIndex(bytes);
}

async function guarded<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writeFailure(error, location);
  }
}
