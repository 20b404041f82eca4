import type { RepositoryName } from "../oci/repository-name.ts";
import type { ManifestStore, RepositoryStore, StoredManifest, StoredTag, TagStore } from "../storage/metadata.ts";

/** A tag with what it points at. */
export type InventoryEntry = {
  readonly repository: RepositoryName;
  readonly tag: StoredTag;
  readonly manifest: StoredManifest;
};

const PAGE = 500;

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

  /** All tags, ordered by their full names, a covered cached tag left out. */
  async *list(): AsyncIterable<InventoryEntry> {
    for (let after: RepositoryName | null = null; ; ) {
      const page: readonly RepositoryName[] = await this.#repositories.listRepositories(null, { after, limit: PAGE });
      for (const repository of page) {
        for (const tag of await this.#tags.describeTags(repository)) {
          const manifest = await this.#manifests.getManifest(repository, tag.digest);
          // Gone since the tags were listed.
          if (manifest !== null) yield { repository, tag, manifest };
        }
      }
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return;
    }
  }
}
