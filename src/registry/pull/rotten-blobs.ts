import type { Digest } from "../../oci/digest.ts";
import type { EventStore } from "../../storage/events.ts";
import type { Rot, RottenBlobStore } from "../../storage/verification.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";

/** What is known of rotten blobs, and where that is written down. */
export type RottenBlobsParts = {
  readonly store: RottenBlobStore;
  readonly events: EventStore;
  readonly bestEffort: BestEffortWrites;
  readonly now: () => number;
};

const PAGE = 1000;

/**
 * Notes which blobs are rotten, for those who read blobs: of one whose file is in its place and cannot be read, only this tells.
 * A pull asks a set in memory that is nearly always empty.
 */
export class RottenBlobs {
  readonly #parts: RottenBlobsParts;
  readonly #unreadable = new Set<Digest>();

  constructor(parts: RottenBlobsParts) {
    this.#parts = parts;
    parts.events.subscribe(({ kind, digest }) => {
      if (kind === "healed" && digest !== null) this.#unreadable.delete(digest);
    });
  }

  /** Learns what an earlier run noted. */
  async start(): Promise<void> {
    const { store } = this.#parts;
    for (let after: Digest | null = null; ; ) {
      const page = await store.list({ after, limit: PAGE });
      for (const { digest, rot } of page) if (rot === "unreadable") this.#unreadable.add(digest);
      after = page.at(-1)?.digest ?? null;
      if (page.length < PAGE) return;
    }
  }

  /** Notes that a blob is rotten, as far as anything can be written. */
  async note(digest: Digest, rot: Rot, reason: string): Promise<void> {
    const { store, bestEffort, now } = this.#parts;
    if (rot === "unreadable") this.#unreadable.add(digest);
    else this.#unreadable.delete(digest);
    await bestEffort.attempt("that a blob is damaged", () => store.note({ digest, rot, reason, sinceMs: now() }));
  }

  /** Why the file that is in a blob's place cannot be read; null when nothing of that kind is known. */
  async whyUnreadable(digest: Digest): Promise<string | null> {
    if (!this.#unreadable.has(digest)) return null;
    const found = await this.#parts.store.find(digest);
    // Its record went and came again.
    if (found === null) this.#unreadable.delete(digest);
    return found?.rot === "unreadable" ? found.reason : null;
  }
}
