import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../oci/digest.ts";
import { underFolderLock } from "../../lib/files/folder-lock.ts";
import type { ImageSink } from "../image-sink.ts";
import { blobPath, LAYOUT_MARK } from "./layout-index.ts";
import { LayoutListing } from "./layout-listing.ts";
import { EMPTY_INDEX, formatRawIndex, parseRawIndex, type RawIndex } from "../raw-index.ts";
import { leadsOut, StagedFolder } from "../files/staged-folder.ts";
import { writeFailure } from "../files/write-file.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nullIfAbsent } from "../../lib/files/system-error.ts";

/**
 * An OCI layout in a directory, a new one or one with other images, which stay. `label` names the image that is put;
 * null keeps the name that it comes with. Everything comes into its place at `close`, `index.json` last.
 */
export function layoutSink(directory: string, label: string | null, location: string): ImageSink {
  const listing = new LayoutListing(label);
  const folder = new StagedFolder(directory, location);
  const store = async (
    digest: Digest,
    sizeBytes: number,
    open: () => Promise<ReadableStream<Uint8Array> | Uint8Array>,
  ) =>
    guarded(location, async () => {
      if ((await folder.sizeOf(blobPath(digest))) === sizeBytes) return "present" as const;
      await folder.write(blobPath(digest), await open());
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
        await folder.write("oci-layout", new TextEncoder().encode(LAYOUT_MARK));
        // Seen to be one before anything comes into its place.
        await readIndex(directory, location);
        await folder.publish();
        // Another copy may end just now.
        await underFolderLock(directory, async () => {
          await folder.write("index.json", formatRawIndex(listing.mergeInto(await readIndex(directory, location))));
          await folder.publish();
        });
      }),
    abort: () => folder.discard(),
  };
}

async function readIndex(directory: string, location: string): Promise<RawIndex> {
  if (await leadsOut(directory, "index.json")) {
    throw new RegistryError(
      "BAD_REQUEST",
      `${location}: index.json is a link that leads out of it; name another folder`,
    );
  }
  const bytes = await readFile(join(directory, "index.json")).catch(nullIfAbsent);
  return bytes === null ? EMPTY_INDEX : parseRawIndex(bytes);
}

async function guarded<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writeFailure(error, location);
  }
}
