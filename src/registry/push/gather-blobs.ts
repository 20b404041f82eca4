import { mapBounded } from "../../lib/async/map-bounded.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { Blobs } from "../pull/blobs.ts";
import type { HeldParts } from "./held-parts.ts";
import type { PushProgress } from "./push-progress.ts";

/** Blobs of one push that are fetched at once, as Docker and containerd do. */
const PARALLEL_BLOBS = 4;

/** Blobs that a manifest names: those that the repository has, those that it can borrow, those that are nowhere. */
type GatheredBlobs = {
  readonly own: readonly Digest[];
  readonly borrowed: readonly Digest[];
  readonly absent: readonly Digest[];
};

/** Makes the blobs that manifests name available in the repository of one push. */
export class BlobGathering {
  readonly #blobs: Blobs;
  readonly #held: HeldParts;
  readonly #push: PushProgress;

  constructor(blobs: Blobs, held: HeldParts, push: PushProgress) {
    this.#blobs = blobs;
    this.#held = held;
    this.#push = push;
  }

  /**
   * Brings what is not here, `names` being the repositories that lend. Where the push is refused for what is missing, the
   * search ends once more is missing than the refusal tells.
   */
  async gather(
    repository: Repository,
    places: readonly Repository[],
    names: readonly RepositoryName[],
    digests: readonly Digest[],
  ): Promise<GatheredBlobs> {
    const own = await this.#held.linked([nameOf(repository)], digests);
    const others = digests.filter((digest) => !own.has(digest));
    const lent = others.length === 0 ? own : await this.#held.linked(names, others);
    const borrowed = others.filter((digest) => lent.has(digest));
    const absent: Digest[] = [];
    const rest = others.filter((digest) => !lent.has(digest));
    await mapBounded(rest, PARALLEL_BLOBS, async (digest) => {
      await this.#push.work.rest();
      if (this.#push.isHopeless(absent.length)) return;
      if (await this.#bring(places, digest)) borrowed.push(digest);
      else absent.push(digest);
    });
    return { own: digests.filter((digest) => own.has(digest)), borrowed, absent };
  }

  /** Is the blob here afterwards, where this push may take it from? */
  async #bring(places: readonly Repository[], digest: Digest): Promise<boolean> {
    const { context } = this.#push;
    for (const place of places) if (await this.#blobs.secure(place, digest, context.mayPull)) return true;
    const found = await this.#push.ask(digest, async (note) => {
      for (const place of places) if (await note(this.#blobs.fulfil(place, digest, context))) return true;
      return null;
    });
    return found !== null;
  }
}
