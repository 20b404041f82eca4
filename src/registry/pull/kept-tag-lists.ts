import type { Tag } from "../../oci/tag.ts";

/** Tags as upstream listed them, in the order of their bytes, and when. `isCut`: there are more than larder takes. */
export type KeptTagList = {
  readonly tags: readonly Tag[];
  readonly isCut: boolean;
  readonly fetchedAtMs: number;
};

const LIMIT_BYTES = 32 << 20;
/** What a tag costs in memory besides its characters, and a list besides its tags, roughly. */
const TAG_BYTES = 32;
const LIST_BYTES = 500;

/** The tag lists of upstream repositories, by their full names, in bounded memory: those not asked for longest go first. */
export class KeptTagLists {
  readonly #lists = new Map<string, { readonly list: KeptTagList; readonly sizeBytes: number }>();
  readonly #limitBytes: number;
  #sizeBytes = 0;

  constructor(limitBytes = LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  get(name: string): KeptTagList | null {
    const entry = this.#lists.get(name);
    if (entry === undefined) return null;
    this.#lists.delete(name);
    this.#lists.set(name, entry);
    return entry.list;
  }

  /** Keeps a list in the place of an earlier one; one that is larger than all may be is not kept. */
  set(name: string, list: KeptTagList): void {
    this.delete(name);
    const sizeBytes = list.tags.reduce((sum, tag) => sum + TAG_BYTES + tag.length, LIST_BYTES + name.length);
    if (sizeBytes > this.#limitBytes) return;
    this.#lists.set(name, { list, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#lists.keys()) {
      if (this.#sizeBytes <= this.#limitBytes) break;
      this.delete(oldest);
    }
  }

  delete(name: string): void {
    this.#sizeBytes -= this.#lists.get(name)?.sizeBytes ?? 0;
    this.#lists.delete(name);
  }
}
