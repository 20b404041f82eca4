import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, tryParseDigest } from "../../oci/digest.ts";
import { isAbsent, isNotFound } from "../../lib/files/system-error.ts";

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
