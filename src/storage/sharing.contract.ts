import { describe, expect, test } from "bun:test";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { parseRepositoryPath, repositoryName } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import type { MetadataStore } from "./metadata.ts";

/** What `sharing.ts` promises, for one implementation. */
export function sharingContract(name: string, open: () => Promise<MetadataStore>): void {
  const repository = (path: string) => repositoryName("local" as Namespace, parseRepositoryPath(path));
  const put = async (
    { manifests, links }: MetadataStore,
    path: string,
    text: string,
    blobs: readonly Digest[],
    tags: readonly string[],
    lists: readonly Digest[] = [],
  ) => {
    for (const blob of blobs) await links.linkBlob(repository(path), blob, 1, 1);
    const bytes = new TextEncoder().encode(text);
    const mediaType = lists.length > 0 ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
    await manifests.putManifest(repository(path), {
      manifest: { digest: digestOf(bytes), mediaType, bytes },
      requiredBlobs: [],
      borrowFrom: [],
      requiredManifests: [],
      references: [...blobs, ...lists],
      subject: null,
      tags: tags.map(parseTag),
      kind: "pushed",
      isPart: false,
      atMs: 1,
    });
    return digestOf(bytes);
  };

  describe(name, () => {
    test("who names a blob is found for many blobs at once, in order, up to a limit", async () => {
      const store = await open();
      const [shared, single, none] = ["shared", "single", "none"].map((text) => digestOf(text)) as [
        Digest,
        Digest,
        Digest,
      ];
      const first = await put(store, "a/x", "one", [shared, single], ["1"]);
      const second = await put(store, "b/y", "two", [shared], ["2"]);
      await put(store, "c/z", "one", [shared, single], ["3"]);
      const found = await store.sharing.findSharers([shared, single, none], 10);
      const ofFirst = ["a/x", "c/z"].map((path) => ({ repository: repository(path), manifest: first }));
      const ofSecond = [{ repository: repository("b/y"), manifest: second }];
      const all = first < second ? [...ofFirst, ...ofSecond] : [...ofSecond, ...ofFirst];
      expect(found).toEqual(
        new Map([
          [shared, all],
          [single, ofFirst],
        ]),
      );
      expect(await store.sharing.findSharers([shared], 2)).toEqual(new Map([[shared, all.slice(0, 2)]]));
      expect(await store.sharing.findSharers([], 2)).toEqual(new Map());
      await store.close();
    });

    test("a manifest is named by its first tag, else by that of an index that lists it", async () => {
      const store = await open();
      const tagged = await put(store, "a/x", "tagged", [], ["later", "earlier"]);
      const listed = await put(store, "a/x", "listed", [], []);
      const bare = await put(store, "a/x", "bare", [], []);
      await put(store, "a/x", "index", [], ["v2", "v1"], [listed]);
      // Another repository's tag leads to nothing of this one.
      await put(store, "b/y", "bare", [], ["elsewhere"]);
      const asked = [tagged, listed, bare].map((manifest) => ({ repository: repository("a/x"), manifest }));
      expect(await store.sharing.nameSharers(asked)).toEqual([
        { repository: repository("a/x"), manifest: tagged, tag: parseTag("earlier") },
        { repository: repository("a/x"), manifest: listed, tag: parseTag("v1") },
        { repository: repository("a/x"), manifest: bare, tag: null },
      ]);
      await store.close();
    });
  });
}
