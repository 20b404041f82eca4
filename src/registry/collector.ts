import type { BlobStore } from "../storage/blobs.ts";
import type { CollectionStore } from "../storage/metadata.ts";
import type { Uploads } from "./uploads.ts";

/** What a collection took away. Bytes are those of blobs and of uploads that expired. */
export type CollectionReport = {
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly bytes: number;
};

/** Bounds of a collection, in milliseconds. */
export type CollectionLimits = {
  /** How long a blob stays that a pusher has brought or asked for, while its manifest may be on its way. */
  readonly graceMs: number;
  /** How long an upload may be silent before it is given up. */
  readonly uploadExpiryMs: number;
};

const BATCH = 500;

/**
 * Gives back the space of what nobody can reach any more.
 *
 * Links that no manifest needs go first, then blobs without links. Between a blob's record and its file, the digest is
 * held, and so does a push between its file and its link: neither can pull the ground from under the other.
 */
export class Collector {
  readonly #blobs: BlobStore;
  readonly #collection: CollectionStore;
  readonly #uploads: Uploads;
  readonly #now: () => number;
  #running: Promise<CollectionReport> | null = null;

  constructor(blobs: BlobStore, collection: CollectionStore, uploads: Uploads, now: () => number) {
    this.#blobs = blobs;
    this.#collection = collection;
    this.#uploads = uploads;
    this.#now = now;
  }

  /** Collects once. A call while a collection runs shares its outcome. */
  collect(limits: CollectionLimits): Promise<CollectionReport> {
    this.#running ??= this.#collect(limits).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #collect(limits: CollectionLimits): Promise<CollectionReport> {
    const expired = await this.#uploads.expire(this.#now() - limits.uploadExpiryMs);
    const { manifests, links } = await this.#collection.collectLinks(this.#now() - limits.graceMs);
    const unlinked = await this.#removeUnlinked();
    const stray = await this.#removeStrays(this.#now() - limits.graceMs);
    const blobs = unlinked.blobs + stray.blobs;
    return { manifests, links, blobs, bytes: expired + unlinked.bytes + stray.bytes };
  }

  async #removeUnlinked(): Promise<{ blobs: number; bytes: number }> {
    let [blobs, bytes] = [0, 0];
    for (;;) {
      const batch = await this.#collection.listUnlinkedBlobs(BATCH);
      for (const digest of batch) {
        await this.#collection.exclusively(digest, async () => {
          if (!(await this.#collection.forgetBlob(digest))) return;
          const size = (await this.#blobs.size(digest)) ?? 0;
          if (await this.#blobs.remove(digest)) {
            blobs++;
            bytes += size;
          }
        });
      }
      if (batch.length < BATCH) return { blobs, bytes };
    }
  }

  /** Files without a record: a crash came between the two. Young ones may be on their way to their record. */
  async #removeStrays(beforeMs: number): Promise<{ blobs: number; bytes: number }> {
    let [blobs, bytes] = [0, 0];
    for await (const { digest, size, modifiedAtMs } of this.#blobs.list()) {
      if (modifiedAtMs >= beforeMs || (await this.#collection.hasBlob(digest))) continue;
      await this.#collection.exclusively(digest, async () => {
        if ((await this.#collection.hasBlob(digest)) || !(await this.#blobs.remove(digest))) return;
        blobs++;
        bytes += size;
      });
    }
    return { blobs, bytes };
  }
}
