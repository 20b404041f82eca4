import { lstat, opendir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ByteRange } from "../../lib/text/byte-range.ts";
import { type Digest, tryParseDigest } from "../../oci/digest.ts";
import { blobPath } from "./blob-folder.ts";
import type { BlobBody, BlobStore } from "../blobs.ts";
import { statNow } from "./stat-now.ts";
import { isAbsent, isNotFound } from "../../lib/files/system-error.ts";

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

  list(): AsyncIterable<Digest> {
    return digestsIn(join(this.#folder, "blobs"));
  }

  async writtenAtMs(digest: Digest): Promise<number | null> {
    return (await statOrNull(blobPath(this.#folder, digest)))?.mtimeMs ?? null;
  }

  /** A link or a folder in a blob's place is no blob: what a link leads to is nobody's to send. */
  #sizeNow(digest: Digest): number | null {
    const found = statNow(blobPath(this.#folder, digest));
    return found?.isFile() === true ? found.size : null;
  }
}

/** The digests that name files in a folder that is laid out like `DIR/blobs`. What is named otherwise is passed over. */
export async function* digestsIn(folder: string): AsyncIterable<Digest> {
  for (const algorithm of ["sha256", "sha512"] as const) {
    for await (const shard of namesIn(join(folder, algorithm))) {
      for await (const name of namesIn(join(folder, algorithm, shard))) {
        const digest = tryParseDigest(`${algorithm}:${name}`);
        if (digest !== null && name.startsWith(shard)) yield digest;
      }
    }
  }
}

/** The names in a folder; none when the folder is not there, or is none. */
export async function* namesIn(folder: string): AsyncIterable<string> {
  try {
    for await (const entry of await opendir(folder)) yield entry.name;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** A file's size and times, or null when it is gone: listings race with removals. */
export async function statOrNull(path: string): Promise<{ size: number; mtimeMs: number } | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
