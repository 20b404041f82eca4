import type { Digest } from "../oci/digest.ts";
import type { AsideFile, AsideStore } from "../storage/aside.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { BlobTransitionStore, CollectionStore } from "../storage/collection.ts";

/** Digests that are looked up in one turn of the event loop: about 2 ms. */
const BATCH = 500;
/** Files that are moved at once: a push of one of them waits until all of them are moved. */
const MOVED_AT_ONCE = 50;
/** More than these are left to the next collection. */
const SET_ASIDE_LIMIT = 10_000;
/**
 * A crash leaves as many files without a record as pushes were just ending: a handful, and a small share of a store. Where
 * both are more, it is the records that are missing.
 */
const HANDFUL = 10;
const SMALL_SHARE = 0.1;

/** The stores whose files and records are compared. */
export type UnrecordedFilesParts = {
  readonly blobs: BlobStore;
  readonly aside: AsideStore;
  readonly collection: CollectionStore;
  readonly transitions: BlobTransitionStore;
};

/** The number of files, of those that no record names, and the digests of the first ten thousand of these. */
export type FileSurvey = { readonly files: number; readonly unrecorded: number; readonly digests: readonly Digest[] };

/** How many files were set aside. `failure` is why one could not be moved (the others were); null when all could. */
export type SetAside = { readonly files: number; readonly failure: unknown };

/**
 * Finds files of blobs that no record names, and sets them aside. That the database does not know a file is no proof that it is worth nothing: the
 * database may be the wrong one. So nothing is deleted at once, and a file comes back when its record does.
 */
export class UnrecordedFiles {
  readonly #parts: UnrecordedFilesParts;

  constructor(parts: UnrecordedFilesParts) {
    this.#parts = parts;
  }

  /** Compares all files with the records. What is just being pushed counts as recorded. */
  async survey(): Promise<FileSurvey> {
    const { blobs, collection } = this.#parts;
    const digests: Digest[] = [];
    let [files, unrecorded] = [0, 0];
    for await (const batch of inBatches(blobs.list())) {
      const found = await collection.findUnrecorded(batch);
      files += batch.length;
      unrecorded += found.length;
      digests.push(...found.slice(0, SET_ASIDE_LIMIT - digests.length));
    }
    return { files, unrecorded, digests };
  }

  /** Sets those aside that still have no record and were written before `beforeMs`. */
  async setAside({ digests }: FileSurvey, beforeMs: number): Promise<SetAside> {
    const { blobs, aside, transitions } = this.#parts;
    let files = 0;
    let failure: unknown = null;
    const move = async (digest: Digest): Promise<void> => {
      if (((await blobs.writtenAtMs(digest)) ?? beforeMs) >= beforeMs) return;
      try {
        if (await aside.setAside(digest, "unrecorded")) files++;
      } catch (error) {
        failure ??= error;
      }
    };
    for (let at = 0; at < digests.length; at += MOVED_AT_ONCE) {
      await transitions.takeAway(digests.slice(at, at + MOVED_AT_ONCE), "unrecorded", async (going) => {
        for (const digest of going) await move(digest);
        return going;
      });
    }
    return { files, failure };
  }

  /** Brings back what has a record again, and drops what its blob is here without. Returns how many were brought back. */
  async bringBack(): Promise<number> {
    const { aside, collection } = this.#parts;
    let files = 0;
    for await (const batch of inBatches(aside.list())) {
      const unrecorded = new Set(await collection.findUnrecorded(batch.map(({ digest }) => digest)));
      for (const file of batch) if (!unrecorded.has(file.digest) && (await this.#bringBack(file))) files++;
    }
    return files;
  }

  /** Deletes what was set aside before `beforeMs`. */
  async giveUp(beforeMs: number): Promise<{ files: number; bytes: number }> {
    const { aside } = this.#parts;
    let [files, bytes] = [0, 0];
    for await (const { digest, reason, size, sinceMs } of aside.list()) {
      if (sinceMs >= beforeMs || !(await aside.giveUp(digest, reason))) continue;
      files++;
      bytes += size;
    }
    return { files, bytes };
  }

  async #bringBack({ digest, reason, size }: AsideFile): Promise<boolean> {
    const { blobs, aside } = this.#parts;
    if (reason === "unrecorded" && (await aside.bringBack(digest)) !== null) return true;
    const present = await blobs.size(digest);
    if (present !== null && (reason === "damaged" || present === size)) await aside.giveUp(digest, reason);
    return false;
  }
}

/**
 * Why nothing may be collected: so many files have no record that the database must be at fault. The message says what to
 * do; null when files may be collected.
 */
export function whyNotToCollect({ files, unrecorded }: FileSurvey): string | null {
  if (unrecorded <= HANDFUL || unrecorded <= files * SMALL_SHARE) return null;
  return (
    `${unrecorded} of ${files} files have no record in larder.db, as after it was lost, emptied, or replaced by an older one. ` +
    "Nothing is deleted, and nothing set aside. Stop larder, then put the right larder.db back, without a larder.db-wal of " +
    "another, or try `larder rebuild --force`; or, when these files are not needed any more, run `larder gc --set-aside`"
  );
}

async function* inBatches<T>(items: AsyncIterable<T>): AsyncIterable<readonly T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
