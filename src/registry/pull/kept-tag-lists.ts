import type { RepositoryName } from "../../oci/repository-name.ts";
import type { TagList, TagListStore } from "../../storage/tag-lists.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";

const LIMIT_BYTES = 32 << 20;
/** What a tag costs in memory besides its characters, and a list besides its tags, roughly. */
const TAG_BYTES = 32;
const LIST_BYTES = 500;
/** A list that has not changed is written down this often, for when it was fetched. */
const WRITE_EVERY_MS = 600_000;

type Entry = { readonly list: TagList; readonly sizeBytes: number; readonly writtenAtMs: number };

/**
 * The tag lists of upstream repositories, by their full names: in the store, and in bounded memory, where those not asked for
 * longest go first.
 */
export class KeptTagLists {
  readonly #store: TagListStore;
  readonly #bestEffort: BestEffortWrites;
  readonly #lists = new Map<RepositoryName, Entry>();
  readonly #limitBytes: number;
  #sizeBytes = 0;

  constructor(store: TagListStore, bestEffort: BestEffortWrites, limitBytes = LIMIT_BYTES) {
    this.#store = store;
    this.#bestEffort = bestEffort;
    this.#limitBytes = limitBytes;
  }

  /** Null when there is none. */
  async get(name: RepositoryName): Promise<TagList | null> {
    const entry = this.#lists.get(name);
    if (entry === undefined) {
      const stored = await this.#store.getTagList(name);
      if (stored !== null) this.#remember(name, stored, stored.fetchedAtMs);
      return stored;
    }
    this.#lists.delete(name);
    this.#lists.set(name, entry);
    return entry.list;
  }

  /** Keeps a list in the place of an earlier one. One that is larger than all may be is not kept in memory. */
  async set(name: RepositoryName, list: TagList): Promise<void> {
    const before = this.#lists.get(name);
    const isWritten =
      before !== undefined &&
      Math.abs(list.fetchedAtMs - before.writtenAtMs) < WRITE_EVERY_MS &&
      isSame(before.list, list);
    this.#remember(name, list, isWritten ? before.writtenAtMs : list.fetchedAtMs);
    if (isWritten) return;
    await this.#bestEffort.attempt("a list of tags", () => this.#store.putTagList(name, list));
  }

  async delete(name: RepositoryName): Promise<void> {
    this.#forget(name);
    if ((await this.#store.getTagList(name)) === null) return;
    await this.#bestEffort.attempt("that a list of tags is gone", () => this.#store.deleteTagList(name));
  }

  #remember(name: RepositoryName, list: TagList, writtenAtMs: number): void {
    this.#forget(name);
    const sizeBytes = list.tags.reduce((sum, tag) => sum + TAG_BYTES + tag.length, LIST_BYTES + name.length);
    if (sizeBytes > this.#limitBytes) return;
    this.#lists.set(name, { list, sizeBytes, writtenAtMs });
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#lists.keys()) {
      if (this.#sizeBytes <= this.#limitBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(name: RepositoryName): void {
    this.#sizeBytes -= this.#lists.get(name)?.sizeBytes ?? 0;
    this.#lists.delete(name);
  }
}

function isSame(one: TagList, other: TagList): boolean {
  return (
    one.isCut === other.isCut &&
    one.tags.length === other.tags.length &&
    one.tags.every((tag, index) => tag === other.tags[index])
  );
}
