import type { Digest } from "../../oci/digest.ts";
import type { AsideStore } from "../../storage/aside.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { CollectionStore } from "../../storage/metadata.ts";
import type { Log } from "../../telemetry/log.ts";
import type { SpareWrites } from "./spare-writes.ts";

/** Where the files of blobs are, and what keeps others from changing one meanwhile. */
export type BlobFilesParts = {
  readonly store: BlobStore;
  readonly aside: AsideStore;
  readonly collection: CollectionStore;
  readonly spareWrites: SpareWrites;
  readonly log: Log;
};

/**
 * The files of blobs, held against what is recorded of them. One that was set aside and is needed comes back; one that is
 * not what it has to be is set aside, so that it is never sent, and the blob is brought or pushed anew.
 */
export class BlobFiles {
  readonly #parts: BlobFilesParts;

  constructor(parts: BlobFilesParts) {
    this.#parts = parts;
  }

  /** The size of a blob's file; null when there is none, not even set aside. */
  async size(digest: Digest): Promise<number | null> {
    const present = await this.#parts.store.size(digest);
    return present === null && (await this.#parts.aside.holds(digest, "unrecorded"))
      ? this.#mend(digest, null)
      : present;
  }

  /** Is a blob's file here, with the size that is recorded? Costs one look at the disk when it is. */
  async isWhole(digest: Digest, size: number): Promise<boolean> {
    const present = await this.#parts.store.size(digest);
    if (present === size) return true;
    if (present === null && !(await this.#parts.aside.holds(digest, "unrecorded"))) return false;
    return (await this.#mend(digest, size)) === size;
  }

  /** Was the blob's file found damaged, and nothing has come in its place? */
  async isDamaged(digest: Digest): Promise<boolean> {
    return (await this.#parts.store.size(digest)) === null && this.#parts.aside.holds(digest, "damaged");
  }

  /** Makes the best of what is in the blob's place. The size of its file afterwards; `recorded` is null when none is. */
  #mend(digest: Digest, recorded: number | null): Promise<number | null> {
    const { spareWrites, collection } = this.#parts;
    const mend = () => collection.exclusively(digest, () => this.#mendAlone(digest, recorded));
    return spareWrites.attempt("what became of a blob's file", mend);
  }

  async #mendAlone(digest: Digest, recorded: number | null): Promise<number | null> {
    const { store, aside, log } = this.#parts;
    const found = await store.size(digest);
    const present = found ?? (await aside.bringBack(digest));
    if (found === null && present !== null) {
      log.write("info", "a blob's file that had been set aside was brought back", { blob: digest });
    }
    if (present === null || recorded === null || present === recorded) return present;
    await aside.setAside(digest, "damaged");
    const detail = { blob: digest, size: present, recorded };
    log.write("error", "a blob's file has the wrong size and was set aside", detail);
    // What was set aside before may be what it has to be.
    return (await aside.holds(digest, "unrecorded")) ? this.#mendAlone(digest, recorded) : null;
  }
}
