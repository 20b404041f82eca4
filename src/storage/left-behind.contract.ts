import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { attachmentTagsOf } from "../oci/attachment-tag.ts";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { UntaggedManifest, UntaggedPlace, UntaggedQuery } from "./left-behind.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { ManifestPut, MetadataStore, StoredManifest } from "./metadata.ts";

const AGES = { pushed: 1000, cached: 100 };
const NEVER = { pushed: null, cached: null };
const V1 = "v1" as Tag;

/** What `left-behind.ts` promises, for one implementation. */
export function leftBehindContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, async () => {
    const store = await open();
    const { manifests, tags, pulls, leftBehind, events } = store;
    afterAll(() => store.close());
    let here: RepositoryName;
    let count = 0;
    beforeEach(() => {
      here = `left.example/${++count}` as RepositoryName;
    });

    const put = (manifest: StoredManifest, more: Partial<ManifestPut> = {}) =>
      manifests.putManifest(here, putOf(manifest, more));
    const isHere = async (manifest: StoredManifest) => (await manifests.getManifest(here, manifest.digest)) !== null;
    const run = (nowMs: number, ages: typeof AGES | typeof NEVER = AGES) =>
      leftBehind.removeLeftBehind(ages, nowMs, () => false);
    const pull = (manifest: StoredManifest, atMs: number) =>
      pulls.notePulls([{ repository: here, digest: manifest.digest, atMs }]);
    /** Page by page. */
    const list = async (limit = 100, more: Partial<UntaggedQuery> = {}): Promise<readonly UntaggedManifest[]> => {
      const all: UntaggedManifest[] = [];
      for (let after: UntaggedPlace | null = null; ; ) {
        const page = await leftBehind.listUntagged({ namespace: null, text: here, limit, ...more, after });
        expect(page.manifests.length).toBeLessThanOrEqual(limit);
        all.push(...page.manifests);
        if (page.next === null) return all;
        after = page.next;
      }
    };

    test("what a push, a refresh or a deletion left behind goes when its age has come, a cached one sooner", async () => {
      for (const kind of ["pushed", "cached"] as const) {
        here = `${here}-${kind}` as RepositoryName;
        const [old, other, last] = ["old", "other", "last"].map((text) => image(`${kind} ${text}`)) as Images;
        await put(old, { tags: [V1], kind, atMs: 10 });
        await put(other, { tags: [V1], kind, atMs: 20 });
        await tags.deleteTag(here, V1, false, 30);
        await put(last, { tags: [V1], kind, atMs: 40 });
        await run(20 + AGES[kind] - 1);
        expect([await isHere(old), await isHere(other)]).toEqual([true, true]);
        await run(20 + AGES[kind]);
        expect([await isHere(old), await isHere(other)]).toEqual([false, true]);
        await run(30 + AGES[kind]);
        expect([await isHere(other), await isHere(last)]).toEqual([false, true]);
      }
    });

    test("what never had a tag stays, and so does what has one again, or has another", async () => {
      const [alone, again, two, mover] = ["alone", "again", "two", "mover"].map(image) as Images;
      await put(alone, { atMs: 1 });
      await put(again, { tags: ["a" as Tag], atMs: 1 });
      await put(mover, { tags: ["a" as Tag], atMs: 2 });
      await put(again, { tags: ["b" as Tag], atMs: 3 });
      await put(two, { tags: ["c" as Tag, "d" as Tag], atMs: 1 });
      await tags.deleteTag(here, "c" as Tag, false, 4);
      await run(1e9);
      for (const one of [alone, again, two, mover]) expect(await isHere(one)).toBe(true);
    });

    test("a pull by digest, of the image or of one of its platforms, begins its time anew, and so does a put", async () => {
      const [pulled, child, put2] = ["pulled", "child", "put again"].map(image) as Images;
      const index = indexOf("index");
      await put(child, { atMs: 1 });
      await put(index, { references: [child.digest], requiredManifests: [child.digest], tags: [V1], atMs: 1 });
      await put(pulled, { tags: ["p" as Tag], atMs: 1 });
      await put(put2, { tags: ["q" as Tag], atMs: 1 });
      for (const name of [V1, "p" as Tag, "q" as Tag]) await tags.deleteTag(here, name, false, 5);
      await pull(pulled, 500);
      await pull(child, 600);
      await put(put2, { atMs: 700 });
      await run(1499);
      expect(await Promise.all([pulled, index, child, put2].map(isHere))).toEqual([true, true, true, true]);
      await run(1500);
      expect(await Promise.all([pulled, index, child, put2].map(isHere))).toEqual([false, true, true, true]);
      await run(1600);
      expect(await Promise.all([index, child, put2].map(isHere))).toEqual([false, false, true]);
      await run(1700);
      expect(await isHere(put2)).toBe(false);
    });

    test("a part of an index stays while one lists it, and goes with the last", async () => {
      const child = image("a child with a tag of its own");
      const [a, b] = [indexOf("a"), indexOf("b")];
      await put(child, { tags: ["child" as Tag], atMs: 1 });
      const listing = { references: [child.digest], requiredManifests: [child.digest], atMs: 1 };
      await put(a, { ...listing, tags: ["a" as Tag] });
      await put(b, { ...listing, tags: ["b" as Tag] });
      await tags.deleteTag(here, "child" as Tag, false, 2);
      expect(await leftBehind.findIndexOf(here, child.digest)).toEqual(
        a.digest < b.digest ? { digest: a.digest, tag: "a" as Tag } : { digest: b.digest, tag: "b" as Tag },
      );
      await tags.deleteTag(here, "a" as Tag, false, 10);
      await run(5000);
      expect([await isHere(a), await isHere(child)]).toEqual([false, true]);
      await tags.deleteTag(here, "b" as Tag, false, 5000);
      await run(10_000);
      expect([await isHere(b), await isHere(child)]).toEqual([false, false]);
      expect(await leftBehind.findIndexOf(here, child.digest)).toBeNull();
    });

    test("what is attached goes with its image, whoever pushed it and however it is named", async () => {
      const subject = image("subject");
      const [sbom, signature, ofSbom, named] = ["sbom", "signature", "of the SBOM", "named"].map(image) as Images;
      const [, cosign] = attachmentTagsOf(subject.digest);
      await put(subject, { tags: [V1], atMs: 1 });
      await put(sbom, { subject: subject.digest, atMs: 1 });
      await put(ofSbom, { subject: sbom.digest, atMs: 1 });
      await put(signature, { tags: [cosign as Tag], atMs: 1 });
      await put(named, { subject: subject.digest, tags: ["report" as Tag], atMs: 1 });
      // A tag that it lost makes it nobody's business but its subject's.
      await put(ofSbom, { tags: ["x" as Tag], atMs: 1 });
      await tags.deleteTag(here, "x" as Tag, false, 2);
      await run(1e6);
      expect(await Promise.all([subject, sbom, signature, ofSbom].map(isHere))).toEqual([true, true, true, true]);
      await tags.deleteTag(here, V1, false, 1e6);
      await run(2e6);
      expect(await Promise.all([subject, sbom, signature, ofSbom].map(isHere))).toEqual([false, false, false, false]);
      expect(await isHere(named)).toBe(true);
    });

    test("what referred to a manifest that was deleted by itself goes later, unless that comes back", async () => {
      for (const comesBack of [false, true]) {
        here = `${here}-${comesBack}` as RepositoryName;
        const [subject, sbom] = [image("deleted"), image("its SBOM")];
        await put(subject, { tags: [V1], atMs: 1 });
        await put(sbom, { subject: subject.digest, atMs: 1 });
        await manifests.deleteManifest(here, subject.digest, false, 10);
        await run(1009);
        expect(await isHere(sbom)).toBe(true);
        if (comesBack) await put(subject, { tags: [V1], atMs: 1009 });
        await run(1e6);
        expect(await isHere(sbom)).toBe(comesBack);
      }
    });

    test("what something outside speaks for stays, as a whole", async () => {
      const [pinned, child] = [image("pinned"), image("a pinned child")];
      const index = indexOf("of the pinned child");
      await put(pinned, { tags: ["p" as Tag], atMs: 1 });
      await put(child, { atMs: 1 });
      await put(index, { references: [child.digest], requiredManifests: [child.digest], tags: [V1], atMs: 1 });
      for (const name of [V1, "p" as Tag]) await tags.deleteTag(here, name, false, 2);
      const isKept = (_: RepositoryName, digest: string) => [pinned.digest, child.digest].includes(digest as never);
      expect(await leftBehind.listParts(here, index.digest)).toEqual([child.digest]);
      await leftBehind.removeLeftBehind(AGES, 1e6, isKept);
      expect(await Promise.all([pinned, index, child].map(isHere))).toEqual([true, true, true]);
      // Looked at again a day later.
      await run(1e6 + 86_400_000);
      expect(await Promise.all([pinned, index, child].map(isHere))).toEqual([false, false, false]);
    });

    test("for ever means for ever; and a clock that was ahead keeps nothing for longer", async () => {
      const [old, ahead] = [image("old"), image("ahead")];
      await put(old, { tags: ["o" as Tag], atMs: 1 });
      await tags.deleteTag(here, "o" as Tag, false, 2);
      await run(1e9, NEVER);
      expect(await isHere(old)).toBe(true);
      await put(ahead, { tags: ["a" as Tag], atMs: 9e12 });
      await pull(ahead, 9e12);
      await tags.deleteTag(here, "a" as Tag, false, 9e12);
      // Its time begins when it is first seen to lie ahead. What may not go is looked at again a day later.
      await run(2e9);
      expect([await isHere(old), await isHere(ahead)]).toEqual([false, true]);
      await run(2e9 + AGES.pushed - 1);
      expect(await isHere(ahead)).toBe(true);
      await run(2e9 + AGES.pushed);
      expect(await isHere(ahead)).toBe(false);
    });

    test("one event tells of each image that goes, and counts all that went", async () => {
      const child = image("counted child");
      const index = indexOf("counted");
      await put(child, { atMs: 1 });
      await put(index, { references: [child.digest], requiredManifests: [child.digest], tags: [V1], atMs: 1 });
      await tags.deleteTag(here, V1, false, 2);
      expect(await run(5000)).toEqual({ manifests: 2 });
      const [event, before] = await events.listBefore(null, 2);
      expect(event).toMatchObject({ kind: "expired", repository: here, tag: null, digest: index.digest, who: null });
      expect(before?.kind).toBe("removed");
    });

    test("a tag is removed only if it is what was seen", async () => {
      const manifest = image("seen");
      await put(manifest, { tags: [V1], atMs: 7 });
      const seen = { kind: "pushed", digest: manifest.digest, updatedAtMs: 7 } as const;
      for (const other of [{ kind: "cached" }, { digest: digestOf("x") }, { updatedAtMs: 8 }] as const) {
        expect(await tags.deleteTag(here, V1, true, 9, undefined, { ...seen, ...other })).toBeNull();
      }
      expect(await tags.deleteTag(here, V1, true, 9, undefined, { ...seen, event: "expired" })).toBe("pushed");
      expect((await events.listBefore(null, 1))[0]).toMatchObject({ kind: "expired", tag: V1 });
    });

    test("the list has what was left behind, and what was put by its digest alone, page by page", async () => {
      const [left, alone, child, sbom, tagged] = ["left", "alone", "child", "sbom", "tagged"].map((text) =>
        image(`listed ${text}`),
      ) as Images;
      const index = indexOf("listed");
      await put(left, { tags: ["l" as Tag], kind: "cached", atMs: 10 });
      await tags.deleteTag(here, "l" as Tag, false, 20);
      await pull(left, 30);
      await put(alone, { atMs: 40 });
      await put(child, { tags: ["c" as Tag], atMs: 50 });
      await tags.deleteTag(here, "c" as Tag, false, 60);
      await put(index, { references: [child.digest], requiredManifests: [child.digest], tags: [V1], atMs: 60 });
      await put(tagged, { tags: ["t" as Tag], atMs: 60 });
      await put(sbom, { subject: tagged.digest, atMs: 60 });
      const mediaType = MEDIA_TYPE.ociManifest;
      const own = { repository: here, mediaType, kind: "pushed", pulledAtMs: null, holder: null } as const;
      const expected: readonly UntaggedManifest[] = [
        { ...own, digest: left.digest, kind: "cached", leftBehindAtMs: 20, pulledAtMs: 30, usedAtMs: 30 },
        { ...own, digest: alone.digest, leftBehindAtMs: null, usedAtMs: 40 },
        {
          ...own,
          digest: child.digest,
          leftBehindAtMs: 60,
          usedAtMs: 60,
          holder: { kind: "index", digest: index.digest },
        },
      ];
      const sorted = expected.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
      for (const limit of [1, 2, 100]) expect(await list(limit)).toEqual(sorted);
      expect(await list(100, { namespace: "left.example" as Namespace })).toEqual(sorted);
      expect(await list(100, { namespace: "other.example" as Namespace })).toEqual([]);
      expect(await list(100, { text: `${here}@${alone.digest}` })).toHaveLength(1);
      await tags.deleteTag(here, "t" as Tag, true, 70);
      expect(await list()).toEqual(sorted);
    });
  });
}

type Images = [StoredManifest, StoredManifest, StoredManifest, StoredManifest, StoredManifest];

function image(text: string): StoredManifest {
  return { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: new TextEncoder().encode(text) };
}

function indexOf(text: string): StoredManifest {
  return { ...image(`index ${text}`), mediaType: MEDIA_TYPE.ociIndex };
}
