import type { Digest } from "../oci/digest.ts";
import type { AsideFile, AsideStore } from "../storage/aside.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { CollectionStore } from "../storage/metadata.ts";

/** Digests that are looked up in one turn of the event loop: about 2 ms. */
const BATCH = 500;
/** More than these are left to the next collection. */
const SET_ASIDE_LIMIT = 10_000;
/**
 * A crash leaves as many files without a record as pushes were just ending: a handful, and a small share of a store. Where
 * both are more, it is the records that are missing.
 */
const HANDFUL = 10;
const SMALL_SHARE = 0.1;

/** Files and those of them that no record names, `strays` being the first ones of these. */
export type StraySurvey = { readonly files: number; readonly unrecorded: number; readonly strays: readonly Digest[] };

/** What was done with strays. `failure` is why one could not be moved; the others were. */
export type SetAside = { readonly files: number; readonly failure: unknown };

/**
 * Files of blobs that no record names. That the database does not know a file is no proof that it is worth nothing: the
 * database may be the wrong one. So they are set aside, and come back with their records.
 */
export class StrayFiles {
  readonly #blobs: BlobStore;
  readonly #aside: AsideStore;
  readonly #collection: CollectionStore;

  constructor(blobs: BlobStore, aside: AsideStore, collection: CollectionStore) {
    this.#blobs = blobs;
    this.#aside = aside;
    this.#collection = collection;
  }

  /** Compares all files with the records. What is just being pushed counts as recorded. */
  async survey(): Promise<StraySurvey> {
    const strays: Digest[] = [];
    let [files, unrecorded] = [0, 0];
    for await (const batch of inBatches(this.#blobs.list())) {
      files += batch.length;
      for (const digest of await this.#collection.findUnrecorded(batch)) {
        // A push between its file and its record holds the digest.
        if (!(await this.#collection.exclusively(digest, () => this.#isUnrecorded(digest)))) continue;
        unrecorded++;
        if (strays.length < SET_ASIDE_LIMIT) strays.push(digest);
      }
    }
    return { files, unrecorded, strays };
  }

  /** Sets those aside that still have no record and were written before `beforeMs`. */
  async setAside({ strays }: StraySurvey, beforeMs: number): Promise<SetAside> {
    let files = 0;
    let failure: unknown = null;
    for (const digest of strays) {
      if (((await this.#blobs.writtenAtMs(digest)) ?? beforeMs) >= beforeMs) continue;
      try {
        await this.#collection.exclusively(digest, async () => {
          if ((await this.#isUnrecorded(digest)) && (await this.#aside.setAside(digest, "unrecorded"))) files++;
        });
      } catch (error) {
        failure ??= error;
      }
    }
    return { files, failure };
  }

  /** Brings back what has a record again, and drops what its blob is here without. Returns how many were brought back. */
  async bringBack(): Promise<number> {
    let files = 0;
    for await (const batch of inBatches(this.#aside.list())) {
      const unrecorded = new Set(await this.#collection.findUnrecorded(batch.map(({ digest }) => digest)));
      for (const file of batch) {
        if (unrecorded.has(file.digest)) continue;
        if (await this.#collection.exclusively(file.digest, () => this.#bringBack(file))) files++;
      }
    }
    return files;
  }

  /** Deletes what was set aside before `beforeMs`. */
  async giveUp(beforeMs: number): Promise<{ files: number; bytes: number }> {
    let [files, bytes] = [0, 0];
    for await (const { digest, reason, size, sinceMs } of this.#aside.list()) {
      if (sinceMs >= beforeMs) continue;
      if (!(await this.#collection.exclusively(digest, () => this.#aside.giveUp(digest, reason)))) continue;
      files++;
      bytes += size;
    }
    return { files, bytes };
  }

  async #bringBack({ digest, reason, size }: AsideFile): Promise<boolean> {
    if (await this.#isUnrecorded(digest)) return false;
    if (reason === "unrecorded" && (await this.#aside.bringBack(digest)) !== null) return true;
    const present = await this.#blobs.size(digest);
    if (present !== null && (reason === "damaged" || present === size)) await this.#aside.giveUp(digest, reason);
    return false;
  }

  async #isUnrecorded(digest: Digest): Promise<boolean> {
    return (await this.#collection.findUnrecorded([digest])).length > 0;
  }
}

/** Are so many files without a record that the records must be at fault? Then why nothing is collected, and what to do. */
export function whyNotToCollect({ files, unrecorded }: StraySurvey): string | null {
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
