import { readdir } from "node:fs/promises";
import { nullIfAbsent } from "../../lib/files/system-error.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { blobFile, DIRECTORY_VERSION, listedManifestFile } from "./directory-source.ts";
import type { ImageSink } from "../image-sink.ts";
import { isStaging, StagedFolder } from "../files/staged-folder.ts";
import { writeFailure } from "../files/write-file.ts";

/**
 * Opens a directory of skopeo's `dir:` (drawn in directory-source.ts) to put one image into, without its name. The
 * directory must be new, empty, or one such already; an image in it is replaced. Throws BAD_REQUEST when it holds
 * anything else.
 */
export async function openDirectorySink(directory: string, location: string): Promise<ImageSink> {
  const names = (await readdir(directory).catch(nullIfAbsent)) ?? [];
  // A copy that was killed is to be run again.
  const present = names.filter((name) => !isStaging(name));
  if (present.length > 0 && !present.includes("version")) {
    throw new RegistryError("BAD_REQUEST", `${location}: the directory ${directory} is not empty; name a new one`);
  }
  let root: Uint8Array | null = null;
  const folder = new StagedFolder(directory, location);
  const guarded = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      throw writeFailure(error, location);
    }
  };
  const write = (name: string, content: Uint8Array | ReadableStream<Uint8Array>) =>
    guarded(() => folder.write(name, content));
  return {
    location,
    accept: () => Promise.resolve(),
    async putBlob(blob) {
      await write(blobFile(blob.digest), await blob.open(0));
      return "copied";
    },
    putManifest(content, tag) {
      const isReferrer = tag !== null || parseManifest(content.bytes, content.mediaType).subject !== null;
      if (isReferrer)
        throw new RegistryError("UNSUPPORTED", `${location}: a dir: has no place for referrers; use oci:`);
      return write(listedManifestFile(content.digest), content.bytes);
    },
    putImage(content) {
      if (root !== null && root !== content.bytes) {
        throw new RegistryError("UNSUPPORTED", `${location}: a dir: holds one image; choose one, or use oci:`);
      }
      root = content.bytes;
      return Promise.resolve(null);
    },
    async close() {
      await write("version", new TextEncoder().encode(DIRECTORY_VERSION));
      if (root !== null) await write("manifest.json", root);
      await guarded(() => folder.publish());
    },
    abort: () => folder.discard(),
  };
}
