import type { Digest } from "../oci/digest.ts";
import type { BlobHold } from "./collection.ts";

/** Blobs that are going, until `end` is called. */
type Going = { readonly digests: readonly Digest[]; readonly end: () => void };

/**
 * Which blobs are arriving and which are going (`BlobTransitionStore` draws the states), for a store that one process has for
 * itself: with the process all of that ends.
 */
export class BlobTransitions {
  readonly #arriving = new Map<Digest, number>();
  readonly #going = new Map<Digest, Promise<void>>();
  readonly #held = new Set<{ after: string }>();

  isArriving(digest: Digest): boolean {
    return this.#arriving.has(digest);
  }

  /** Throws when the blob is going: its file would not be there. */
  assertStays(digest: Digest): void {
    if (this.#going.has(digest)) throw new Error(`the blob ${digest} is linked while its file is being taken away`);
  }

  /** As `BlobTransitionStore.arrive`. */
  async arrive<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    for (let going = this.#going.get(digest); going !== undefined; going = this.#going.get(digest)) await going;
    this.#arriving.set(digest, (this.#arriving.get(digest) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const others = (this.#arriving.get(digest) ?? 1) - 1;
      if (others === 0) this.#arriving.delete(digest);
      else this.#arriving.set(digest, others);
    }
  }

  /** As `BlobTransitionStore.hold`. */
  hold(): BlobHold {
    const held = { after: "" };
    this.#held.add(held);
    return {
      advance: (digest) => {
        if (digest > held.after) held.after = digest;
      },
      release: () => void this.#held.delete(held),
    };
  }

  /** Those of the blobs that nobody holds on to. */
  notHeld(digests: readonly Digest[]): readonly Digest[] {
    if (this.#held.size === 0) return digests;
    return digests.filter((digest) => this.#held.values().every(({ after }) => digest <= after));
  }

  /** From now on those of these blobs are going that are neither arriving nor going. */
  begin(digests: readonly Digest[]): Going {
    const { promise, resolve } = Promise.withResolvers<void>();
    const claimed = digests.filter((digest) => !this.#arriving.has(digest) && !this.#going.has(digest));
    for (const digest of claimed) this.#going.set(digest, promise);
    const end = (): void => {
      for (const digest of claimed) this.#going.delete(digest);
      resolve();
    };
    return { digests: claimed, end };
  }
}
