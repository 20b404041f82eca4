import type { RepositoryName } from "../../oci/repository-name.ts";
import {
  sizeOfTagList,
  TAG_LIST_BYTES,
  TAG_LIST_LIMIT_BYTES,
  TAG_LISTS_LIMIT_BYTES,
  type TagList,
  type TagListStore,
} from "../tag-lists.ts";

/** Lists of tags in memory. */
export class MemoryTagLists implements TagListStore {
  readonly #lists = new Map<RepositoryName, TagList>();

  async getTagList(repository: RepositoryName): Promise<TagList | null> {
    return this.#lists.get(repository) ?? null;
  }

  async putTagList(repository: RepositoryName, list: TagList): Promise<void> {
    this.#lists.delete(repository);
    if (sizeOfTagList(list) > TAG_LIST_LIMIT_BYTES) return;
    this.#lists.set(repository, list);
    let sizeBytes = 0;
    const newestFirst = [...this.#lists].sort(([, a], [, b]) => b.fetchedAtMs - a.fetchedAtMs);
    for (const [name, kept] of newestFirst) {
      sizeBytes += sizeOfTagList(kept) + TAG_LIST_BYTES;
      if (sizeBytes > TAG_LISTS_LIMIT_BYTES) this.#lists.delete(name);
    }
  }

  async deleteTagList(repository: RepositoryName): Promise<void> {
    this.#lists.delete(repository);
  }
}
