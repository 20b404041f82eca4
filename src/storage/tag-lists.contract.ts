import { describe, expect, test } from "bun:test";
import type { RepositoryName } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import type { MetadataStore } from "./metadata.ts";
import { TAG_LIST_LIMIT_BYTES, TAG_LISTS_LIMIT_BYTES, type TagList } from "./tag-lists.ts";

const NAME = "registry.test/team/app" as RepositoryName;
const listOf = (tags: readonly string[], fetchedAtMs = 1, isCut = false): TagList => ({
  tags: tags.map(parseTag),
  isCut,
  fetchedAtMs,
});

/** A list of `bytes` bytes, in tags as long as they may be. */
function large(bytes: number, fetchedAtMs: number): TagList {
  const tags = Array.from({ length: bytes / 128 }, (_, index) => String(index).padStart(127, "0"));
  return listOf(tags, fetchedAtMs);
}

/** What `tag-lists.ts` promises, for one implementation. */
export function tagListsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    test("a list is what was put last, and null before and after", async () => {
      const store = await open();
      const { tagLists } = store;
      expect(await tagLists.getTagList(NAME)).toBeNull();
      for (const list of [listOf(["1", "2"]), listOf([], 2), listOf(["a"], 3, true), listOf(["b"], 2)]) {
        await tagLists.putTagList(NAME, list);
        expect(await tagLists.getTagList(NAME)).toEqual(list);
        expect(await tagLists.getTagList(`${NAME}/other` as RepositoryName)).toBeNull();
      }
      await tagLists.deleteTagList(NAME);
      await tagLists.deleteTagList(NAME);
      expect(await tagLists.getTagList(NAME)).toBeNull();
      await store.close();
    });

    test("one that is too long is not kept, nor is the earlier one", async () => {
      const store = await open();
      const { tagLists } = store;
      const longest = large(TAG_LIST_LIMIT_BYTES, 1);
      await tagLists.putTagList(NAME, longest);
      expect((await tagLists.getTagList(NAME))?.tags).toHaveLength(longest.tags.length);
      await tagLists.putTagList(NAME, large(TAG_LIST_LIMIT_BYTES + 128, 2));
      expect(await tagLists.getTagList(NAME)).toBeNull();
      await store.close();
    });

    test("those fetched longest ago make room for others", async () => {
      const store = await open();
      const { tagLists } = store;
      const tooMany = 4;
      const count = TAG_LISTS_LIMIT_BYTES / TAG_LIST_LIMIT_BYTES + tooMany;
      const names = Array.from({ length: count }, (_, index) => `${NAME}/${index}` as RepositoryName);
      for (const [index, name] of names.entries()) await tagLists.putTagList(name, large(TAG_LIST_LIMIT_BYTES, index));
      const kept = await Promise.all(names.map(async (name) => (await tagLists.getTagList(name)) !== null));
      const first = kept.indexOf(true);
      expect(first).toBeGreaterThanOrEqual(tooMany);
      expect(first).toBeLessThan(tooMany + 3);
      expect(kept.slice(first).every(Boolean)).toBe(true);
      await store.close();
    });
  });
}
