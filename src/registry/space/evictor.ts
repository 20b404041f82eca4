import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { BlobTransitionStore } from "../../storage/collection.ts";
import { type Leases, underLease } from "../../storage/leases.ts";
import type { ImageSpace, SpaceStore, UsePlace } from "../../storage/space.ts";
import type { Holds } from "../holds/holds.ts";

/** What an eviction works with. */
export type EvictorParts = {
  readonly space: SpaceStore;
  readonly holds: Holds;
  readonly leases: Leases;
  readonly transitions: Pick<BlobTransitionStore, "heldBack">;
  /** Writes down what was pulled a moment ago. */
  readonly pulls: { save(): Promise<void> };
  /** Gives back the space of what has gone so far. What kept it from that; null: nothing. */
  readonly giveBack: () => Promise<string | null>;
  /** Why nothing would be given back, and so nothing is evicted; null: it would. */
  readonly refusal: () => string | null;
  /** How long a link stays that a pusher relies on. */
  readonly graceMs: () => number;
  readonly turns: Turns;
  readonly now: () => number;
};

/** What an eviction came to. Bytes are those that the images were measured to give back: at least so much is. */
export type Eviction = {
  readonly images: number;
  readonly bytes: number;
  /** Is there nothing left that might go? */
  readonly isExhausted: boolean;
  /** What kept it from its work; null: nothing did. */
  readonly problem: string | null;
};

/** Sums of evictions since the start. */
export type EvictionTotals = { readonly images: number; readonly bytes: number };

const HELD_BACK = "the space of what was evicted is given back when the backup that is being made has come that far";

/** Manifests that are read at once, and images whose going is written to disk together. */
const PAGE = 64;
const BATCH = 16;
/** What was passed over is looked at again after so long. */
const CURSOR_MS = 600_000;

/**
 * Gives up cached images for want of space, the longest unused first, each as a whole.
 *
 * What was passed over, since something holds it or since it belongs to another image, is not looked at again at each run: the
 * next one goes on behind it. Uses move images to the end only, so nothing that may go is passed by for long; before it is said
 * that nothing is left, all is looked at once more.
 */
export class Evictor {
  readonly #parts: EvictorParts;
  readonly #fetching = new Map<Digest, number>();
  #cursor: { readonly place: UsePlace; readonly setAtMs: number } | null = null;
  #totals: EvictionTotals = { images: 0, bytes: 0 };

  constructor(parts: EvictorParts) {
    this.#parts = parts;
  }

  /** What evictions came to since the start. */
  get totals(): EvictionTotals {
    return this.#totals;
  }

  /** From now on no image with this blob goes, until what comes back is called: it is being fetched. */
  protect(digest: Digest): () => void {
    this.#fetching.set(digest, (this.#fetching.get(digest) ?? 0) + 1);
    let isOver = false;
    return () => {
      const count = this.#fetching.get(digest) ?? 0;
      if (isOver) return;
      isOver = true;
      if (count > 1) this.#fetching.set(digest, count - 1);
      else this.#fetching.delete(digest);
    };
  }

  /** Something may go that was passed over before: a pin was taken away, say. */
  lookAgain(): void {
    this.#cursor = null;
  }

  /** Evicts images that give back so many bytes together, if there are such, and has the space given back. */
  async evict(bytes: number): Promise<Eviction> {
    const done = await underLease(this.#parts.leases, "eviction", () => this.#evict(bytes));
    const nothing = { images: 0, bytes: 0, isExhausted: false };
    return done?.value ?? { ...nothing, problem: "another larder is just evicting in the same store" };
  }

  /** The images that would go next, in order. It goes on for as long as somebody asks, to the last one. */
  async *next(): AsyncGenerator<ImageSpace, void, void> {
    await this.#parts.pulls.save();
    for await (const { image } of this.#candidates(null)) yield image;
  }

  async #evict(bytes: number): Promise<Eviction> {
    const { pulls, refusal, giveBack } = this.#parts;
    const why = refusal();
    const none = { images: 0, bytes: 0, isExhausted: false };
    if (why !== null) return { ...none, problem: why };
    // What was given up before comes first: as long as it takes its space, one image after the other would go for nothing.
    const heldBack = this.#parts.transitions.heldBack();
    if (heldBack === "free") return { ...none, problem: await giveBack() };
    if (heldBack === "held") return { ...none, problem: HELD_BACK };
    await pulls.save();
    const start = this.#start();
    const first = await this.#take(bytes, start);
    // What lies before the place where it began may have become free to go.
    const again = first.bytes < bytes && start !== null ? await this.#take(bytes - first.bytes, null) : null;
    const sum = { images: first.images + (again?.images ?? 0), bytes: first.bytes + (again?.bytes ?? 0) };
    this.#totals = { images: this.#totals.images + sum.images, bytes: this.#totals.bytes + sum.bytes };
    const isExhausted = sum.bytes < bytes;
    if (isExhausted) this.#cursor = null;
    // What was removed a moment ago may be waiting for it, too.
    return { ...sum, isExhausted, problem: await giveBack() };
  }

  #start(): UsePlace | null {
    const ageMs = this.#cursor === null ? 0 : this.#parts.now() - this.#cursor.setAtMs;
    if (ageMs > CURSOR_MS || ageMs < 0) this.#cursor = null;
    return this.#cursor?.place ?? null;
  }

  async #take(bytes: number, from: UsePlace | null): Promise<{ images: number; bytes: number }> {
    const { space, now } = this.#parts;
    const sum = { images: 0, bytes: 0 };
    let going: Promise<number>[] = [];
    const settle = async () => {
      for (const freed of await Promise.all(going)) {
        if (freed < 0) continue;
        sum.images++;
        sum.bytes += freed;
      }
      going = [];
    };
    let hoped = 0;
    for await (const { image, before } of this.#candidates(from)) {
      // In this very turn: what holds it was asked for a moment ago, and nothing has come between.
      if (!this.#mayGo(image)) continue;
      going.push(space.evict(image, now()).then((isGone) => (isGone ? image.ownBytes : -1)));
      hoped += image.ownBytes;
      if (going.length >= BATCH || sum.bytes + hoped >= bytes) {
        await settle();
        hoped = 0;
      }
      if (sum.bytes < bytes) continue;
      if (before !== null) this.#cursor = { place: before, setAtMs: this.#cursor?.setAtMs ?? now() };
      break;
    }
    await settle();
    return sum;
  }

  /** Images that may go, each with the place before it. */
  async *#candidates(from: UsePlace | null): AsyncGenerator<{ image: ImageSpace; before: UsePlace | null }> {
    const { space, now, graceMs, turns } = this.#parts;
    // A measurement takes turns of its own only when it is long; those of many small images would come in one.
    const work = turns.begin();
    for (let before = from; ; ) {
      const places = await space.listByUse(before, PAGE);
      for (const place of places) {
        await work.rest();
        const image = await space.measure(place.repository, place.digest, now() - graceMs());
        if (image !== null && !image.isPushed && this.#mayGo(image)) yield { image, before };
        before = place;
      }
      if (places.length < PAGE) return;
    }
  }

  #mayGo({ repository, digest, tags, parts, blobs }: ImageSpace): boolean {
    const { holds } = this.#parts;
    if (this.#fetching.keys().some((blob) => blobs.has(blob))) return false;
    if (tags.some((tag) => holds.reasonFor(repository, tag, digest) !== null)) return false;
    return parts.every((part) => holds.reasonFor(repository, null, part) === null);
  }
}
