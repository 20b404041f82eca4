import type { Digest } from "../oci/digest.ts";
import type { BlobHold, Departure, HeldBack } from "./collection.ts";

/** Blobs that are going, until `end` is called. */
type Going = { readonly digests: readonly Digest[]; readonly end: () => void };

/**
 * Which blobs are arriving and which are going (`BlobTransitionStore` draws the states), for a store that one process has for
 * itself: with the process all of that ends.
 */
export class BlobTransitions {
  readonly #arriving = new Map<Digest, number>();
  readonly #going = new Map<Digest, Promise<void>>();
  /** Ends of those that go for good, records and all. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #held = new Set<{ after: string }>();
  /** The first and the last of the unlinked blobs that somebody held on to when they were to be taken away. */
  #heldBack: { first: Digest; last: Digest } | null = null;

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
  async hold(): Promise<BlobHold> {
    const held = { after: "" };
    this.#held.add(held);
    // Their records are still there while their files are not any more.
    await Promise.all(this.#leaving);
    return {
      advance: (digest) => {
        if (digest > held.after) held.after = digest;
      },
      release: () => void this.#held.delete(held),
    };
  }

  /** Those of some unlinked blobs that nobody holds on to; that others are held is noted. */
  notHeld(digests: readonly Digest[]): readonly Digest[] {
    if (this.#held.size === 0) return digests;
    const [held, free] = [
      digests.filter((digest) => this.#isHeld(digest)),
      digests.filter((one) => !this.#isHeld(one)),
    ];
    for (const digest of held) {
      const { first, last } = this.#heldBack ?? { first: digest, last: digest };
      this.#heldBack = { first: digest < first ? digest : first, last: digest > last ? digest : last };
    }
    return free;
  }

  /** As `BlobTransitionStore.heldBack`. */
  heldBack(): HeldBack {
    if (this.#heldBack === null) return "nothing";
    if (this.#isHeld(this.#heldBack.first)) return "held";
    // Of what is between, it is known when it is to be taken away again.
    this.#heldBack = null;
    return "free";
  }

  /**
   * From now on those of these blobs are going that are neither arriving nor going, nor, when they are unlinked, held. To be called
   * in the turn in which it was seen that the departure holds.
   */
  begin(digests: readonly Digest[], departure: Departure): Going {
    const { promise, resolve } = Promise.withResolvers<void>();
    const free = departure === "unlinked" ? this.notHeld(digests) : digests;
    const claimed = free.filter((digest) => !this.#arriving.has(digest) && !this.#going.has(digest));
    for (const digest of claimed) this.#going.set(digest, promise);
    if (departure === "unlinked" && claimed.length > 0) this.#leaving.add(promise);
    const end = (): void => {
      for (const digest of claimed) this.#going.delete(digest);
      this.#leaving.delete(promise);
      resolve();
    };
    return { digests: claimed, end };
  }

  #isHeld(digest: Digest): boolean {
    return this.#held.values().some(({ after }) => digest > after);
  }
}
