import { describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { MetadataStore } from "./metadata.ts";

const [HERE, THERE] = ["quay.io/a/app", "quay.io/b/app"] as [RepositoryName, RepositoryName];

function manifestOf(text: string) {
  return { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: new TextEncoder().encode(text) };
}

/** What `pulls.ts` promises, for one implementation. */
export function pullsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    let store: MetadataStore;
    const withStore = (work: () => Promise<void>) => async () => {
      store = await open();
      await work().finally(() => store.close());
    };
    const pulledAt = async (repository: RepositoryName, tag: string) =>
      (await store.tags.getTagged(repository, tag as Tag))?.tag.pulledAtMs;
    const put = (repository: RepositoryName, text: string, tags: readonly string[], references: string[] = []) =>
      store.manifests.putManifest(
        repository,
        putOf(manifestOf(text), {
          tags: tags as Tag[],
          references: references.map((one) => digestOf(one)),
          kind: "cached",
        }),
      );

    test(
      "a pull is noted for the manifest in its repository, and so for all tags that point there",
      withStore(async () => {
        for (const repository of [HERE, THERE]) await put(repository, "image", ["1", "latest"]);
        await put(HERE, "other", ["2"]);
        expect(await pulledAt(HERE, "1")).toBeNull();
        await store.pulls.notePulls([{ repository: HERE, digest: digestOf("image"), atMs: 70 }]);
        expect([await pulledAt(HERE, "1"), await pulledAt(HERE, "latest")]).toEqual([70, 70]);
        expect([await pulledAt(HERE, "2"), await pulledAt(THERE, "1")]).toEqual([null, null]);
        const lastPull = (text: string) => store.pulls.lastPull(HERE, digestOf(text));
        expect([await lastPull("image"), await lastPull("other"), await lastPull("nowhere")]).toEqual([70, null, null]);
      }),
    );

    test(
      "a tag that comes to point at a manifest was pulled when that was",
      withStore(async () => {
        await put(HERE, "image", ["1"]);
        await put(HERE, "other", ["2"]);
        await store.pulls.notePulls([{ repository: HERE, digest: digestOf("image"), atMs: 70 }]);
        await put(HERE, "image", ["2", "3"]);
        await put(HERE, "other", ["1"]);
        expect([await pulledAt(HERE, "1"), await pulledAt(HERE, "2"), await pulledAt(HERE, "3")]).toEqual([
          null,
          70,
          70,
        ]);
        expect((await store.tagIndex.findTags(query(false))).tags.map((one) => one.pulledAtMs)).toEqual([null, 70, 70]);
      }),
    );

    test(
      "what an index lists was pulled for the index, however deep, of that repository alone",
      withStore(async () => {
        await put(HERE, "leaf", []);
        await put(HERE, "index", ["index"], ["leaf", "not here"]);
        await put(HERE, "index of indexes", ["outer"], ["index"]);
        await put(THERE, "index", ["index"], ["leaf", "not here"]);
        await store.pulls.notePulls([{ repository: HERE, digest: digestOf("leaf"), atMs: 5 }]);
        expect([await pulledAt(HERE, "index"), await pulledAt(HERE, "outer")]).toEqual([5, 5]);
        expect(await pulledAt(THERE, "index")).toBeNull();
      }),
    );

    test(
      "the last note counts, though a clock went back; what is not here is passed over",
      withStore(async () => {
        for (let i = 0; i < 250; i++) await put(HERE, `${i}`, [`t${i}`]);
        const all = Array.from({ length: 250 }, (_, i) => ({
          repository: HERE,
          digest: digestOf(`${i}`),
          atMs: 1000 + i,
        }));
        await store.pulls.notePulls([...all.toReversed(), { repository: THERE, digest: digestOf("1"), atMs: 1 }]);
        await store.pulls.notePulls([
          { repository: HERE, digest: digestOf("nowhere"), atMs: 1 },
          { repository: HERE, digest: digestOf("7"), atMs: 900 },
        ]);
        expect([await pulledAt(HERE, "t0"), await pulledAt(HERE, "t249"), await pulledAt(HERE, "t7")]).toEqual([
          1000, 1249, 900,
        ]);
      }),
    );

    test(
      "tags are found in the order in which they were pulled, those first that never were",
      withStore(async () => {
        for (const [index, text] of ["a", "b", "c", "d"].entries()) await put(index % 2 ? HERE : THERE, text, [text]);
        const pull = (repository: RepositoryName, text: string, atMs: number) =>
          store.pulls.notePulls([{ repository, digest: digestOf(text), atMs }]);
        await pull(HERE, "d", 10);
        await pull(THERE, "a", 30);
        await pull(HERE, "b", 20);
        expect(await order(false, 1)).toEqual(["c", "d", "b", "a"]);
        expect(await order(true, 3)).toEqual(["a", "b", "d", "c"]);
      }),
    );

    const query = (descending: boolean, limit = 10) =>
      ({ namespace: null, text: "", kind: null, order: { by: "pulled", descending }, after: null, limit }) as const;

    async function order(descending: boolean, limit: number): Promise<readonly string[]> {
      const names: string[] = [];
      for (let after = null; ; ) {
        const page: Awaited<ReturnType<typeof store.tagIndex.findTags>> = await store.tagIndex.findTags({
          ...query(descending, limit),
          after,
        });
        names.push(...page.tags.map(({ tag }) => tag));
        if (page.next === null) return names;
        after = page.next as never;
      }
    }
  });
}
