/**
 * The contract of tag lists that other registries gave: copies, which nothing depends on. They are kept for the time when the
 * registry cannot be asked, over restarts too.
 */
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";

/** Tags as a registry listed them, in the order of their bytes. `isCut`: it has more than were taken. */
export type TagList = { readonly tags: readonly Tag[]; readonly isCut: boolean; readonly fetchedAtMs: number };

/** The names of a list's tags may have so many bytes, with one more for each. A longer list is not kept. */
export const TAG_LIST_LIMIT_BYTES = 4 << 20;
/** All lists together; `TAG_LIST_BYTES` is what each costs besides. Those fetched longest ago go first. */
export const TAG_LISTS_LIMIT_BYTES = 64 << 20;
export const TAG_LIST_BYTES = 4096;

/** Lists of tags, by repository. */
export interface TagListStore {
  /** Null when there is none. */
  getTagList(repository: RepositoryName): Promise<TagList | null>;
  /** Keeps a list in the place of an earlier one, if it is not too long. It may be lost with the machine's power. */
  putTagList(repository: RepositoryName, list: TagList): Promise<void>;
  deleteTagList(repository: RepositoryName): Promise<void>;
}

/** What the names of a list have in bytes. */
export function sizeOfTagList({ tags }: TagList): number {
  return tags.reduce((sum, tag) => sum + tag.length + 1, 0);
}
