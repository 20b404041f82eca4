import type { Turns } from "../../lib/async/turns.ts";
import {
  type LocatedTag,
  MANIFESTS_AT_ONCE,
  type ManifestStore,
  type StoredManifest,
  type TagIndex,
  type TagPlace,
  type TagQuery,
} from "../../storage/metadata.ts";

/** A tag and the manifest that it points at. */
export type InventoryEntry = { readonly tag: LocatedTag; readonly manifest: StoredManifest };

/** Which tags a list is of, in which order, and after which place. */
export type InventoryQuery = Omit<TagQuery, "limit">;

/** A place in the order of a list. */
export type InventoryPlace = TagPlace;

const PAGE = 200;

/** Lists the images that are here. */
export class Inventory {
  readonly #manifests: ManifestStore;
  readonly #index: TagIndex;
  readonly #turns: Turns;

  constructor(manifests: ManifestStore, index: TagIndex, turns: Turns) {
    this.#manifests = manifests;
    this.#index = index;
    this.#turns = turns;
  }

  /** The tags that match, in their order, without covered cached ones. It ends when the signal is aborted. */
  async *list(query: InventoryQuery, signal: AbortSignal): AsyncIterable<InventoryEntry> {
    const work = this.#turns.begin(signal);
    for (let after = query.after; ; ) {
      const { tags, next } = await this.#index.findTags({ ...query, after, limit: PAGE });
      for (let at = 0; at < tags.length; at += MANIFESTS_AT_ONCE)
        yield* this.#entriesOf(tags.slice(at, at + MANIFESTS_AT_ONCE));
      if (next === null) return;
      after = next;
      await work.rest();
    }
  }

  async *#entriesOf(tags: readonly LocatedTag[]): AsyncIterable<InventoryEntry> {
    const repositories = [...new Set(tags.map(({ repository }) => repository))];
    const found = await this.#manifests.getManifests(
      repositories,
      tags.map(({ digest }) => digest),
    );
    for (const tag of tags) {
      // Whoever of them holds it, it is the same; gone since the tags were listed, it is none.
      const manifest = found.get(tag.digest)?.manifest;
      if (manifest !== undefined) yield { tag, manifest };
    }
  }
}
