import type { Turns } from "../../lib/async/turns.ts";
import type {
  LocatedTag,
  ManifestStore,
  StoredManifest,
  TagIndex,
  TagPlace,
  TagQuery,
} from "../../storage/metadata.ts";

/** A tag with what it points at. */
export type InventoryEntry = { readonly tag: LocatedTag; readonly manifest: StoredManifest };

/** What is looked for, and behind which place. */
export type InventoryQuery = Omit<TagQuery, "limit">;

/** A place in the order of a list. */
export type InventoryPlace = TagPlace;

const PAGE = 200;

/** Tells what images are here. */
export class Inventory {
  readonly #manifests: ManifestStore;
  readonly #index: TagIndex;
  readonly #turns: Turns;

  constructor(manifests: ManifestStore, index: TagIndex, turns: Turns) {
    this.#manifests = manifests;
    this.#index = index;
    this.#turns = turns;
  }

  /** All tags that are meant, in their order, a covered cached tag left out. It ends when the signal is aborted. */
  async *list(query: InventoryQuery, signal: AbortSignal): AsyncIterable<InventoryEntry> {
    const work = this.#turns.begin(signal);
    for (let after = query.after; ; ) {
      const { tags, next } = await this.#index.findTags({ ...query, after, limit: PAGE });
      for (const tag of tags) {
        const manifest = await this.#manifests.getManifest(tag.repository, tag.digest);
        // Gone since the tags were listed.
        if (manifest !== null) yield { tag, manifest };
      }
      if (next === null) return;
      after = next;
      await work.rest();
    }
  }
}
