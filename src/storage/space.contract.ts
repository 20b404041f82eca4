import { beforeEach, describe, expect, test } from "bun:test";
import { attachmentTagsOf } from "../oci/attachment-tag.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { ManifestPut, MetadataStore } from "./metadata.ts";

const [HERE, THERE] = ["quay.io/a/app", "quay.io/b/app"] as [RepositoryName, RepositoryName];
const LATER = 10_000;
/** Bytes of each manifest. */
const MANIFEST = 5;

/** What `space.ts` promises, for one implementation. */
export function spaceContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    let store: MetadataStore;
    beforeEach(async () => {
      store = await open();
      return () => store.close();
    });

    const manifestOf = (text: string, mediaType: string = MEDIA_TYPE.ociManifest) => ({
      digest: digestOf(text),
      mediaType,
      bytes: new Uint8Array(MANIFEST),
    });
    /** An image whose blobs have as many bytes as their names say: `base-100`. */
    const put = async (repository: RepositoryName, text: string, blobs: string[], more: Partial<ManifestPut> = {}) => {
      const references = blobs.map((blob) => digestOf(blob));
      await store.manifests.putManifest(
        repository,
        putOf(manifestOf(text), { references, kind: "cached", atMs: 1, ...more }),
      );
      for (const blob of blobs) {
        const size = Number(blob.split("-")[1]);
        await store.links.linkBlob(repository, digestOf(blob), size, 1, more.kind ?? "cached");
        if (more.kind === "pushed") await store.collection.collectLinks(5);
      }
      return digestOf(text);
    };
    const index = (repository: RepositoryName, text: string, children: Digest[], more: Partial<ManifestPut> = {}) =>
      store.manifests.putManifest(
        repository,
        putOf(manifestOf(text, MEDIA_TYPE.ociIndex), { references: children, kind: "cached", atMs: 1, ...more }),
      );
    const measure = (text: string, repository = HERE) => store.space.measure(repository, digestOf(text), LATER);
    const evict = async (text: string, repository = HERE) => {
      const image = await measure(text, repository);
      return image !== null && store.space.evict(image, 50);
    };
    const holds = async (text: string, repository = HERE) =>
      (await store.manifests.getManifest(repository, digestOf(text))) !== null;
    const signatureOf = (text: string) => attachmentTagsOf(digestOf(text))[1] ?? "";
    const tags = (...names: string[]) => ({ tags: names as Tag[] });

    test("an image is measured as a whole, with what it would give back", async () => {
      await put(HERE, "one", ["base-100", "one-10"], tags("1", "latest"));
      await put(HERE, "two", ["base-100", "two-20"], tags("2"));
      await put(THERE, "three", ["two-20", "three-30"], tags("3"));
      expect(await measure("one")).toMatchObject({
        isPushed: false,
        usedAtMs: 1,
        pulledAtMs: null,
        tags: ["1", "latest"],
      });
      expect(await measure("one")).toMatchObject({ sizeBytes: 110 + MANIFEST, ownBytes: 10 });
      expect(await measure("two")).toMatchObject({ sizeBytes: 120 + MANIFEST, ownBytes: 0 });
      expect(await measure("three", THERE)).toMatchObject({ sizeBytes: 50 + MANIFEST, ownBytes: 30 });
      expect(await measure("nowhere")).toBeNull();
    });

    test("what another image has given up holds nothing any more, before it is collected", async () => {
      await put(HERE, "one", ["base-100", "one-10"], tags("1"));
      await put(THERE, "two", ["base-100", "two-20"], tags("2"));
      expect(await evict("one")).toBe(true);
      expect(await measure("two", THERE)).toMatchObject({ ownBytes: 120 });
    });

    test("a link that a pusher relies on is given back by nobody", async () => {
      await put(HERE, "one", ["base-100", "one-10"], tags("1"));
      await store.links.touchLink(HERE, digestOf("base-100"), LATER);
      await store.links.linkBlob(THERE, digestOf("one-10"), 10, LATER);
      expect(await measure("one")).toMatchObject({ ownBytes: 0 });
    });

    test("what an index lists and what is attached belong to it, and go with it", async () => {
      const children = [await put(HERE, "amd64", ["base-100"]), await put(HERE, "arm64", ["arm-50"])];
      await index(HERE, "index", [...children, digestOf("not here")], tags("1"));
      await put(HERE, "sbom", ["sbom-7"], { subject: digestOf("amd64") });
      await put(HERE, "signature", ["sig-3"], tags(signatureOf("index")));
      for (const part of ["amd64", "arm64", "sbom", "signature"]) expect(await measure(part)).toBeNull();
      const image = await measure("index");
      expect(image).toMatchObject({ sizeBytes: 160 + 5 * MANIFEST, ownBytes: 160, tags: ["1"] });
      expect(image?.parts).toHaveLength(5);
      expect(await evict("index")).toBe(true);
      for (const part of ["index", "amd64", "arm64", "sbom", "signature"]) expect(await holds(part)).toBe(false);
      expect(await store.tags.listTags(HERE, { after: null, limit: 10 })).toEqual([]);
      await store.collection.collectLinks(LATER);
      expect(await store.collection.listUnlinkedBlobs({ after: null, limit: 10 })).toHaveLength(4);
    });

    test("what was pushed, has a tag of its own, or is listed elsewhere, stays whole", async () => {
      const [pushed, tagged, shared] = [
        await put(HERE, "pushed child", ["pushed-1"], { kind: "pushed" }),
        await put(HERE, "tagged child", ["tagged-2"], tags("child")),
        await put(HERE, "shared child", ["shared-4"]),
      ];
      await put(HERE, "own signature", ["sig-8"], { kind: "pushed", subject: digestOf("index") });
      await put(HERE, "signature", ["sig-8"], { kind: "pushed", ...tags(signatureOf("index")) });
      const own = await put(HERE, "own child", ["own-16"]);
      await index(HERE, "index", [pushed, tagged, shared, own], tags("1"));
      await index(HERE, "other", [shared], tags("2"));
      expect(await measure("index")).toMatchObject({ ownBytes: 16 });
      expect(await evict("index")).toBe(true);
      for (const part of ["pushed child", "tagged child", "shared child", "own signature", "signature"]) {
        expect(await holds(part), part).toBe(true);
      }
      expect(await holds("own child")).toBe(false);
      expect(await store.tags.listTags(HERE, { after: null, limit: 10 })).toEqual([
        "2",
        "child",
        signatureOf("index"),
      ] as Tag[]);
    });

    test("nothing that a person pushed is listed by use, or evicted", async () => {
      await put(HERE, "cached", ["a-1"], { ...tags("1"), atMs: 3 });
      await put(HERE, "own", ["b-1"], { ...tags("2"), kind: "pushed", atMs: 1 });
      await put(HERE, "by digest", ["c-1"], { kind: "pushed", atMs: 1 });
      await put(HERE, "both", ["d-1"], { ...tags("3"), atMs: 2 });
      const measured = await measure("both");
      await put(HERE, "both", ["d-1"], { ...tags("4"), kind: "pushed", atMs: 2 });
      expect(measured !== null && (await store.space.evict(measured, 50))).toBe(false);
      for (const text of ["own", "by digest", "both"]) expect(await evict(text)).toBe(false);
      expect(await store.space.listByUse(null, 10)).toEqual([
        { usedAtMs: 3, repository: HERE, digest: digestOf("cached") },
      ]);
      await store.tags.deleteTag(HERE, "4" as Tag, false, 9);
      expect(await evict("both")).toBe(false);
    });

    test("what was pushed to be a copy of upstream's counts as cached, unless a person gave it a tag", async () => {
      const children = [
        await put(HERE, "amd64", ["a-1"], { kind: "pushed" }),
        await put(HERE, "arm64", ["b-2"], { kind: "pushed", ...tags("mine") }),
      ];
      await index(HERE, "index", children, { kind: "pushed" });
      await index(HERE, "index", children, { ...tags("1"), isAdopted: true });
      expect((await store.space.listByUse(null, 10)).map(({ digest }) => digest).sort()).toEqual(
        [digestOf("amd64"), digestOf("index")].sort(),
      );
      expect(await evict("index")).toBe(true);
      expect([await holds("amd64"), await holds("arm64")]).toEqual([false, true]);
    });

    test("the longest unused come first; a pull, a check with upstream and a new copy are uses", async () => {
      for (const [at, text] of ["a", "b", "c", "d"].entries())
        await put(HERE, text, [], { ...tags(text), atMs: 10 + at });
      await store.pulls.notePulls([{ repository: HERE, digest: digestOf("a"), atMs: 30 }]);
      await store.tags.touchTag(HERE, "b" as Tag, 20);
      await put(HERE, "c", [], { ...tags("c"), atMs: 40 });
      const order: string[] = [];
      for (let after = null; ; ) {
        const [place] = await store.space.listByUse(after, 1);
        if (place === undefined) break;
        order.push(["a", "b", "c", "d"].find((text) => digestOf(text) === place.digest) ?? "");
        after = place as never;
      }
      expect(order).toEqual(["d", "b", "a", "c"]);
    });

    test("what was used, tagged or listed since it was measured is not evicted", async () => {
      const changes: Record<string, () => Promise<unknown>> = {
        used: () => store.pulls.notePulls([{ repository: HERE, digest: digestOf("used"), atMs: 99 }]),
        tagged: () => put(HERE, "tagged", [], tags("more")),
        listed: () => index(HERE, "index", [digestOf("listed")]),
        gone: () => store.manifests.deleteManifest(HERE, digestOf("gone"), true, 9),
      };
      for (const [text, change] of Object.entries(changes)) {
        await put(HERE, text, [], tags(text));
        const image = await measure(text);
        await change();
        expect(image !== null && (await store.space.evict(image, 50)), text).toBe(false);
      }
    });

    test("an eviction is told of once for each tag, its bytes once", async () => {
      await put(HERE, "one", ["one-10"], tags("1", "latest"));
      await put(HERE, "two", ["two-20"]);
      const [before] = await store.events.listBefore(null, 1);
      for (const text of ["one", "two"]) await evict(text);
      const events = await store.events.listAfter(before?.id ?? 0, 10);
      expect(events.map(({ kind, tag, digest, sizeBytes, atMs }) => [kind, tag, digest, sizeBytes, atMs])).toEqual([
        ["evicted", "1", digestOf("one"), 10, 50],
        ["evicted", "latest", digestOf("one"), null, 50],
        ["evicted", null, digestOf("two"), 20, 50],
      ] as never);
    });

    test("blobs are added up by whom they are of", async () => {
      await put(HERE, "cached", ["base-100", "own-10"], tags("1"));
      await put(THERE, "pushed", ["base-100"], { ...tags("2"), kind: "pushed" });
      await store.links.linkBlob(HERE, digestOf("on its way"), 7, LATER);
      expect(await store.space.sumKinds(null)).toEqual({
        pushedBytes: 100,
        cachedBytes: 10,
        unheldBytes: 7,
        next: null,
      });
    });

    test("what repositories take is counted with each link and each new size", async () => {
      await put(HERE, "one", ["base-100", "one-10"], tags("1"));
      await put(THERE, "two", ["base-100"], tags("2"));
      await store.links.linkBlob(THERE, digestOf("base-100"), 90, 1, "cached");
      expect(await store.space.listRepositorySpace({ after: null, limit: 10 })).toEqual([
        { repository: HERE, blobs: 2, bytes: 100 },
        { repository: THERE, blobs: 1, bytes: 90 },
      ]);
      expect(await store.space.listRepositorySpace({ after: HERE, limit: 10 })).toHaveLength(1);
      await store.links.unlinkBlob(HERE, digestOf("base-100"));
      await store.links.unlinkBlob(THERE, digestOf("base-100"));
      expect(await store.space.listRepositorySpace({ after: null, limit: 10 })).toEqual([
        { repository: HERE, blobs: 1, bytes: 10 },
      ]);
      expect(await store.space.listManifests(HERE, { after: null, limit: 10 })).toEqual([digestOf("one")]);
    });
  });
}
