import { statSync } from "node:fs";
import { opendir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ByteRange } from "../lib/byte-range.ts";
import { type Digest, tryParseDigest } from "../oci/digest.ts";
import { blobPath } from "./blob-folder.ts";
import type { BlobBody, BlobStore, StoredBlob } from "./blobs.ts";
import { isNotFound } from "./storage-error.ts";

/** Blobs as files of a data folder (`blob-folder.ts` draws it). `FilesystemUploads` puts them there. */
export class FilesystemBlobs implements BlobStore {
  readonly #folder: string;

  constructor(dataFolder: string) {
    this.#folder = dataFolder;
  }

  async size(digest: Digest): Promise<number | null> {
    return this.#sizeNow(digest);
  }

  async read(digest: Digest, range: ByteRange | null): Promise<BlobBody | null> {
    const size = this.#sizeNow(digest);
    if (size === null) return null;
    const file = Bun.file(blobPath(this.#folder, digest));
    return range === null ? file : file.slice(range.start, range.end);
  }

  async remove(digest: Digest): Promise<boolean> {
    try {
      await rm(blobPath(this.#folder, digest));
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async *list(): AsyncIterable<StoredBlob> {
    for (const algorithm of ["sha256", "sha512"] as const) {
      for await (const shard of namesIn(join(this.#folder, "blobs", algorithm))) {
        for await (const name of namesIn(join(this.#folder, "blobs", algorithm, shard))) {
          const digest = tryParseDigest(`${algorithm}:${name}`);
          if (digest === null || !name.startsWith(shard)) continue;
          const found = await statOrNull(blobPath(this.#folder, digest));
          if (found !== null) yield { digest, size: found.size, modifiedAtMs: found.mtimeMs };
        }
      }
    }
  }

  /** Not through the thread pool: a stat of a cached inode takes 2 µs, the way to a thread and back 20. */
  #sizeNow(digest: Digest): number | null {
    return statSync(blobPath(this.#folder, digest), { throwIfNoEntry: false })?.size ?? null;
  }
}

/** The names in a folder; none when the folder is not there. */
export async function* namesIn(folder: string): AsyncIterable<string> {
  try {
    for await (const entry of await opendir(folder)) yield entry.name;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** A file's size and times, or null when it is gone: listings race with removals. */
export async function statOrNull(path: string): Promise<{ size: number; mtimeMs: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
