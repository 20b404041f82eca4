import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { ManifestStore, RepositoryStore, StoredManifest, StoredTag, TagStore } from "../../storage/metadata.ts";

/** A tag with what it points at. */
export type InventoryEntry = {
  readonly repository: RepositoryName;
  readonly tag: StoredTag;
  readonly manifest: StoredManifest;
};

/** A place in the order of all tags. */
export type InventoryPlace = { readonly repository: RepositoryName; readonly tag: Tag };

const PAGE = 200;

/** Tells what images are here. */
export class Inventory {
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;
  readonly #repositories: RepositoryStore;

  constructor(manifests: ManifestStore, tags: TagStore, repositories: RepositoryStore) {
    this.#manifests = manifests;
    this.#tags = tags;
    this.#repositories = repositories;
  }

  /** All tags behind `place`, ordered by repository and name, a covered cached tag left out. */
  async *list(place: InventoryPlace | null): AsyncIterable<InventoryEntry> {
    if (place !== null) yield* this.#tagsOf(place.repository, place.tag);
    for (let after = place?.repository ?? null; ; ) {
      const page = await this.#repositories.listRepositories(null, { after, limit: PAGE });
      for (const repository of page) yield* this.#tagsOf(repository, null);
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return;
    }
  }

  async *#tagsOf(repository: RepositoryName, first: Tag | null): AsyncIterable<InventoryEntry> {
    for (let after = first; ; ) {
      const page = await this.#tags.describeTags(repository, { after, limit: PAGE });
      for (const tag of page) {
        const manifest = await this.#manifests.getManifest(repository, tag.digest);
        // Gone since the tags were listed.
        if (manifest !== null) yield { repository, tag, manifest };
      }
      after = page.at(-1)?.tag ?? null;
      if (page.length < PAGE) return;
    }
  }
}
