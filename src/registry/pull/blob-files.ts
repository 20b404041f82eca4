import type { Digest } from "../../oci/digest.ts";
import type { AsideStore } from "../../storage/aside.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { BlobTransitionStore } from "../../storage/collection.ts";
import type { Log } from "../../telemetry/log.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import type { RottenBlobs } from "./rotten-blobs.ts";

/** The stores of blob files, and what keeps others from changing a file meanwhile. */
export type BlobFilesParts = {
  readonly store: BlobStore;
  readonly aside: AsideStore;
  readonly transitions: BlobTransitionStore;
  readonly bestEffort: BestEffortWrites;
  readonly rotten: Pick<RottenBlobs, "note" | "whyUnreadable">;
  readonly log: Log;
};

/**
 * Compares the files of blobs with their records. A file that was set aside is restored when it is needed; one that
 * differs from its record is set aside, so that it is never sent, and the blob is fetched or pushed anew.
 */
export class BlobFiles {
  readonly #parts: BlobFilesParts;

  constructor(parts: BlobFilesParts) {
    this.#parts = parts;
  }

  /** Is a blob's file here, with the size that is recorded? Changes nothing: one that is set aside counts, since it comes back. */
  async isWhole(digest: Digest, recorded: number): Promise<boolean> {
    const { store, aside } = this.#parts;
    return ((await store.size(digest)) ?? (await aside.size(digest, "unrecorded"))) === recorded;
  }

  /**
   * As `isWhole`, for one who relies on it: what is set aside is brought back, and what has another size is set aside.
   * Costs one look at the disk when all is well.
   */
  async makeWhole(digest: Digest, recorded: number): Promise<boolean> {
    const { store, aside, bestEffort } = this.#parts;
    const present = await store.size(digest);
    if (present === recorded) return (await this.whyUnreadable(digest)) === null;
    if (present === null && !(await aside.holds(digest, "unrecorded"))) return false;
    return (await bestEffort.attempt("what became of a blob's file", () => this.#mend(digest, recorded))) === true;
  }

  /** Was the blob's file found damaged, and nothing has come in its place? */
  async isDamaged(digest: Digest): Promise<boolean> {
    return (await this.#parts.store.size(digest)) === null && this.#parts.aside.holds(digest, "damaged");
  }

  /** Why a blob's file, though it is here, cannot be read; null when nothing of that kind is known. */
  whyUnreadable(digest: Digest): Promise<string | null> {
    return this.#parts.rotten.whyUnreadable(digest);
  }

  /** Notes that a blob's file, though it is here, cannot be read: it is as good as none until it can. */
  async noteUnreadable(digest: Digest, reason: string): Promise<void> {
    await this.#parts.rotten.note(digest, "unreadable", reason);
  }

  /** Makes the best of what is in the blob's place. */
  async #mend(digest: Digest, recorded: number): Promise<boolean> {
    const { store, aside, transitions, rotten, log } = this.#parts;
    let wrong: string | null = null;
    await transitions.takeAway([digest], "damaged", async (going) => {
      const size = await store.size(digest);
      if (size === null || size === recorded) return [];
      await aside.setAside(digest, "damaged");
      log.write("error", "a blob's file has the wrong size and was set aside", { blob: digest, size, recorded });
      wrong = `its file had ${size} bytes instead of ${recorded}`;
      return going;
    });
    // What was set aside before may be what it has to be.
    if ((await aside.size(digest, "unrecorded")) === recorded && (await aside.bringBack(digest)) !== null)
      log.write("info", "a blob's file that had been set aside was brought back", { blob: digest });
    const isWhole = (await store.size(digest)) === recorded;
    if (wrong !== null && !isWhole) await rotten.note(digest, "damaged", wrong);
    return isWhole;
  }
}
