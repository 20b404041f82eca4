import { afterAll, describe, expect, test } from "bun:test";
import { type Digest, digestOf } from "../oci/digest.ts";
import { type Namespace, parseRepositoryPath, type RepositoryName, repositoryName } from "../oci/repository-name.ts";
import { parseTag, type Tag } from "../oci/tag.ts";
import type { LocatedTag, ManifestPut, MetadataStore, StoredManifest, TagPlace, TagQuery } from "./metadata.ts";
import { putOf } from "./manifest-put.fixture.ts";

/** After the grace periods of all tests. */
const LATER = 10_000_000;
const FIRST_PAGE = { after: null, limit: 100 };
const ANY_TAGS: TagQuery = {
  namespace: null,
  text: "",
  kind: null,
  order: { by: "name", descending: false },
  after: null,
  limit: 100,
};
const ALL = { after: null, limit: 100_000 };

/** What `metadata.ts` promises, for one implementation. Each test has repositories of its own. */
export function metadataContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, async () => {
    const store = await open();
    const { manifests, tags, tagIndex, repositories, links, holdings, sessions, collection, transitions } = store;
    afterAll(() => store.close());
    const put = (repository: RepositoryName, manifest: StoredManifest, more: Partial<ManifestPut> = {}) =>
      manifests.putManifest(repository, putOf(manifest, more));
    /** Slice by slice, to the end. */
    const findTags = async (query: Partial<TagQuery>): Promise<readonly LocatedTag[]> => {
      const found: LocatedTag[] = [];
      for (let after = query.after ?? null; ; ) {
        const slice = await tagIndex.findTags({ ...ANY_TAGS, ...query, after });
        expect(slice.tags.length).toBeLessThanOrEqual(query.limit ?? ANY_TAGS.limit);
        found.push(...slice.tags);
        if (slice.next === null) return found;
        after = slice.next;
      }
    };

    /** Takes away the blob, if nothing links it. */
    const forget = async (digest: Digest) =>
      (await transitions.takeAway([digest], "unlinked", async (going) => going)).length > 0;

    test("a manifest is found by digest and by tag, in its own repository only", async () => {
      const [here, there] = [repository("found/here"), repository("found/there")];
      const manifest = manifestOf("one");
      expect(await put(here, manifest, { tags: [tag("v1"), tag("latest")], atMs: 5 })).toEqual([]);
      expect(await manifests.getManifest(here, manifest.digest)).toEqual(manifest);
      expect(await manifests.getManifest(there, manifest.digest)).toBeNull();
      expect(await tags.getTagged(here, tag("v1"))).toEqual({
        tag: {
          tag: tag("v1"),
          kind: "pushed",
          digest: manifest.digest,
          updatedAtMs: 5,
          checkedAtMs: 5,
          pulledAtMs: null,
        },
        manifest,
      });
      expect(await tags.getTagged(here, tag("v2"))).toBeNull();
      expect(await tags.getTagged(there, tag("v1"))).toBeNull();
    });

    test("a tag moves to the manifest that was put last", async () => {
      const here = repository("moves");
      await put(here, manifestOf("old"), { tags: [tag("t")] });
      await put(here, manifestOf("new"), { tags: [tag("t")] });
      expect((await tags.getTagged(here, tag("t")))?.manifest).toEqual(manifestOf("new"));
      expect(await manifests.getManifest(here, manifestOf("old").digest)).toEqual(manifestOf("old"));
    });

    test("many blobs are linked at once, as one by one", async () => {
      const here = repository("links/many");
      const sizes = new Map(["a", "b", "c"].map((text, at) => [digestOf(`many ${text}`), at] as const));
      await links.linkBlobs(here, sizes, 5, "cached");
      await links.linkBlobs(here, sizes, 7);
      const found = await holdings.findLinks([here], [...sizes.keys()]);
      for (const [digest, size] of sizes) expect(found.get(digest)).toEqual({ repository: here, size, touchedAtMs: 7 });
    });

    test("what comes with another registry's store has its time, and leaves the tags that are here", async () => {
      const here = repository("taken/over");
      const [one, other] = [manifestOf("one"), manifestOf("other")];
      await put(here, one, { tags: [tag("mine")], atMs: 500 });
      await put(here, one, { tags: [tag("copy"), tag("moved")], kind: "cached", atMs: 500 });
      await put(here, other, { tags: [tag("moved")], kind: "cached", atMs: 600 });
      const taggedAtMs = new Map([
        [tag("mine"), 1],
        [tag("copy"), 2],
        [tag("new"), 3],
      ]);
      const named = [tag("mine"), tag("copy"), tag("moved"), tag("new")];
      const [last] = await store.events.listBefore(null, 1);
      const taken = { tags: named, atMs: 700 };
      await put(here, other, { ...taken, takenOver: { taggedAtMs, replaces: false }, tags: [tag("mine"), tag("new")] });
      await put(here, one, { ...taken, takenOver: { taggedAtMs, replaces: false }, tags: [tag("copy"), tag("moved")] });
      const see = async () =>
        Promise.all(
          named.map(async (name) => {
            const { kind, digest, updatedAtMs } = (await tags.getTagged(here, name))?.tag ?? {};
            return [name, kind, digest, updatedAtMs] as const;
          }),
        );
      expect(await see()).toEqual([
        [tag("mine"), "pushed", one.digest, 500],
        [tag("copy"), "pushed", one.digest, 2],
        [tag("moved"), "cached", other.digest, 600],
        [tag("new"), "pushed", other.digest, 3],
      ]);
      const told = await store.events.listAfter(last?.id ?? 0, 10);
      expect(told.map(({ kind, tag: named, atMs }) => [kind, named, atMs])).toEqual([
        ["imported", tag("new"), 700],
        ["imported", tag("copy"), 700],
      ]);
      await put(here, other, { ...taken, takenOver: { taggedAtMs, replaces: true }, tags: [tag("mine")] });
      expect((await tags.getTagged(here, tag("mine")))?.tag).toMatchObject({ digest: other.digest, updatedAtMs: 1 });
    });

    test("a pushed tag covers a cached one, whichever came first, and uncovers it when it goes", async () => {
      for (const [path, order] of [
        ["cover/a", ["cached", "pushed"]],
        ["cover/b", ["pushed", "cached"]],
      ] as const) {
        const here = repository(path);
        for (const kind of order) await put(here, manifestOf(kind), { tags: [tag("t")], kind });
        expect((await tags.getTagged(here, tag("t")))?.tag.kind).toBe("pushed");
        const found = await findTags({ text: here, limit: 9 });
        expect(found.map((t) => t.kind)).toEqual(["pushed"]);
        expect(await tags.listTags(here, FIRST_PAGE)).toEqual([tag("t")]);
        expect(await tags.deleteTag(here, tag("t"), false, 1)).toBe("pushed");
        expect((await tags.getTagged(here, tag("t")))?.manifest).toEqual(manifestOf("cached"));
        expect(await tags.deleteTag(here, tag("t"), false, 1)).toBe("cached");
        expect(await tags.deleteTag(here, tag("t"), false, 1)).toBeNull();
      }
    });

    test("what is recalled of a tag is what it points at now: nothing that was changed meanwhile", async () => {
      const here = repository("recalled");
      const recalls = async () => {
        const recalled = tags.recallTagged(here, tag("t"));
        const found = await tags.getTagged(here, tag("t"));
        if (recalled !== undefined) expect(recalled).toEqual(found);
        return found?.manifest.digest ?? null;
      };
      const steps: readonly (readonly [() => Promise<unknown>, "old" | "new" | null])[] = [
        [async () => {}, null],
        [() => put(here, manifestOf("old"), { tags: [tag("t")], kind: "cached" }), "old"],
        [() => put(here, manifestOf("new"), { tags: [tag("t")] }), "new"],
        [() => tags.touchTag(here, tag("t"), 99), "new"],
        [() => tags.deleteTag(here, tag("t"), false, 1), "old"],
        [() => manifests.deleteManifest(here, manifestOf("old").digest, false, 1), null],
      ];
      for (const [change, expected] of steps) {
        // Asked twice: what is remembered of the first time must not outlive the change.
        await recalls();
        await recalls();
        await change();
        expect(await recalls()).toBe(expected === null ? null : manifestOf(expected).digest);
      }
    });

    describe("tags of all repositories", async () => {
      const names = ["1", "2", "10", "Z", "a", "a-b", "b"];
      const places: readonly [string, Namespace][] = [
        ["listed/one", "index.example" as Namespace],
        ["listed/one-more", "index.example" as Namespace],
        ["listed/other", "index.example:5000" as Namespace],
        ["listed/one", "zz.example" as Namespace],
      ];
      const all: { name: string; kind: string; atMs: number }[] = [];
      let atMs = 1000;
      for (const [path, namespace] of places) {
        const here = repository(path, namespace);
        for (const name of names) {
          // Two of each came at the same time.
          const updated = { kind: name === "b" ? "pushed" : "cached", atMs: 2 * Math.floor(atMs++ / 2) } as const;
          await put(here, manifestOf(name), { tags: [tag(name)], ...updated });
          if (name !== "a") all.push({ name: `${here}:${name}`, ...updated });
        }
        await put(here, manifestOf("mine"), { tags: [tag("a")], atMs });
        all.push({ name: `${here}:a`, kind: "pushed", atMs });
      }
      const compareNames = (a: string, b: string) => Buffer.compare(key(a), key(b));
      // Byte by byte, the repository first.
      const key = (name: string) => Buffer.from(name.replace(/:([^:]*)$/, "\0$1"));

      const queries: [string, Partial<TagQuery>, (tag: (typeof all)[number]) => boolean][] = [
        ["all", { text: ".example" }, () => true],
        ["of a namespace", { namespace: places[0]?.[1] ?? null }, ({ name }) => name.startsWith("index.example/")],
        [
          "of a kind",
          { kind: "cached", text: "listed/one" },
          ({ kind, name }) => kind === "cached" && name.includes("listed/one"),
        ],
        [
          "with a text in the tag",
          { text: "a-", namespace: places[0]?.[1] ?? null },
          ({ name }) => name.startsWith("index.example/") && name.includes("a-"),
        ],
        ["of another namespace", { namespace: places[3]?.[1] ?? null, text: "" }, ({ name }) => name.startsWith("zz.")],
        ["with a text across both", { text: "e:Z" }, ({ name }) => name.includes("e:Z")],
        ["with a text in other letters", { text: "e:z" }, () => false],
        ["with a text that looks like a pattern", { text: "%" }, () => false],
      ];
      for (const [what, query, isMeant] of queries) {
        for (const by of ["name", "updated", "pulled"] as const) {
          for (const descending of [false, true]) {
            test(`${what}, by ${by}${descending ? ", the last ones first" : ""}, each once in pages of any size`, async () => {
              const expected = all
                .filter(isMeant)
                .toSorted((a, b) => (by === "updated" ? a.atMs - b.atMs : 0) || compareNames(a.name, b.name))
                .map(({ name, kind }) => `${name} ${kind}`);
              if (descending) expected.reverse();
              for (const limit of [1, 2, 5, 1000]) {
                const found = await findTags({ text: ".example", ...query, order: { by, descending }, limit });
                const seen = found.filter(({ repository }) => repository.includes("/listed/"));
                expect(seen.map((one) => `${one.repository}:${one.tag} ${one.kind}`)).toEqual(expected);
              }
            });
          }
        }
      }

      test("what comes and goes between two pages moves nothing else", async () => {
        const here = repository("moving", "index.example" as Namespace);
        const tagNames = ["b", "d", "f", "h"].map(tag);
        await put(here, manifestOf("x"), { tags: tagNames, kind: "cached" });
        const query = { ...ANY_TAGS, text: here };
        const first: LocatedTag[] = [];
        let next: TagPlace | null = null;
        while (first.length < 2) {
          const slice = await tagIndex.findTags({ ...query, after: next, limit: 2 - first.length });
          first.push(...slice.tags);
          next = slice.next;
        }
        expect(first.map((one) => one.tag)).toEqual([tag("b"), tag("d")]);
        await put(here, manifestOf("x"), { tags: [tag("a"), tag("d"), tag("e")] });
        for (const name of ["b", "f"]) await tags.deleteTag(here, tag(name), false, 1);
        const rest = await findTags({ text: here, after: next });
        expect(rest.map((one) => one.tag)).toEqual([tag("e"), tag("h")]);
      });

      test("a place that no tag has, or that lies beyond the namespace, is a place all the same", async () => {
        const namespace = "index.example" as Namespace;
        const at = (repository: string) => ({
          repository: repository as RepositoryName,
          tag: tag("x"),
          kind: "cached" as const,
          updatedAtMs: 0,
          pulledAtMs: null,
        });
        const count = async (more: Partial<TagQuery>) =>
          (await findTags({ namespace, text: "listed/", ...more })).length;
        const everything = await count({});
        expect(await count({ after: at("a.example/x") })).toBe(everything);
        expect(await count({ after: at("zz.example/x") })).toBe(0);
        const order = { by: "name", descending: true } as const;
        expect(await count({ after: at("zz.example/x"), order })).toBe(everything);
        expect(await count({ after: at("a.example/x"), order })).toBe(0);
      });
    });

    test("a cached tag remembers when it changed and when it was last checked", async () => {
      const here = repository("checked");
      await put(here, manifestOf("a"), { tags: [tag("t")], kind: "cached", atMs: 10 });
      await tags.touchTag(here, tag("t"), 20);
      expect((await tags.getTagged(here, tag("t")))?.tag).toMatchObject({ updatedAtMs: 10, checkedAtMs: 20 });
      await put(here, manifestOf("a"), { tags: [tag("t")], kind: "cached", atMs: 30 });
      expect((await tags.getTagged(here, tag("t")))?.tag).toMatchObject({ updatedAtMs: 10, checkedAtMs: 30 });
      await put(here, manifestOf("b"), { tags: [tag("t")], kind: "cached", atMs: 40 });
      expect((await tags.getTagged(here, tag("t")))?.tag).toMatchObject({ updatedAtMs: 40, checkedAtMs: 40 });
    });

    test("what is here is told in sets, with the first repository that holds it, and the rest left out", async () => {
      const [here, there] = [repository("sets/here"), repository("sets/there")];
      const [mine, both, theirs, nowhere] = ["mine", "both", "theirs", "nowhere"].map((one) =>
        manifestOf(`set ${one}`),
      );
      if (mine === undefined || both === undefined || theirs === undefined || nowhere === undefined) throw new Error();
      for (const manifest of [mine, both]) await put(here, manifest);
      for (const manifest of [both, theirs]) await put(there, manifest);
      const asked = [nowhere, theirs, mine, both].map(({ digest }) => digest);
      expect(await holdings.findManifests([here, there], asked)).toEqual(
        new Map([
          [mine.digest, here],
          [both.digest, here],
          [theirs.digest, there],
        ]),
      );
      expect(await holdings.findManifests([here], [])).toEqual(new Map());
      const held = await manifests.getManifests([here, there], asked);
      expect([...held.keys()].sort()).toEqual([mine, both, theirs].map(({ digest }) => digest).sort());
      expect(held.get(both.digest)).toEqual({ repository: here, manifest: both });
      expect(held.get(theirs.digest)).toEqual({ repository: there, manifest: theirs });
      expect((await manifests.getManifests([there, here], asked)).get(both.digest)?.repository).toBe(there);
      expect(await manifests.getManifests([], asked)).toEqual(new Map());

      const blobs = Array.from({ length: 300 }, (_, index) => digestOf(`set ${index}`));
      for (const [index, blob] of blobs.entries()) {
        if (index % 3 === 0) await links.linkBlob(here, blob, index, LATER);
        if (index % 3 === 1) await links.linkBlob(there, blob, index, LATER);
      }
      const sizes = (keep: (index: number) => boolean) =>
        new Map(blobs.flatMap((blob, index) => (keep(index) ? [[blob, index] as const] : [])));
      const sizesOf = async (names: readonly RepositoryName[]) =>
        new Map(Array.from(await holdings.findLinks(names, blobs), ([digest, { size }]) => [digest, size]));
      expect(await sizesOf([here])).toEqual(sizes((index) => index % 3 === 0));
      expect(await sizesOf([here, there])).toEqual(sizes((index) => index % 3 < 2));
      expect(await holdings.findLinkedAnywhere(blobs)).toEqual(sizes((index) => index % 3 < 2));
      const [first] = blobs;
      if (first === undefined) throw new Error();
      await links.unlinkBlob(here, first);
      expect(await holdings.findLinkedAnywhere([first])).toEqual(new Map());
      await forget(first);
    });

    test("a manifest whose blobs are missing changes nothing and names them", async () => {
      const here = repository("missing");
      const [present, absent] = [digestOf("present"), digestOf("absent")];
      await links.linkBlob(here, present, 7, 1);
      const missing = await put(here, manifestOf("x"), { requiredBlobs: [present, absent], tags: [tag("t")] });
      expect(missing).toEqual([absent]);
      expect(await repositories.hasRepository(here)).toBe(false);
      expect(await tags.listTags(here, FIRST_PAGE)).toEqual([]);
    });

    test.each([2, 1500])(
      "a manifest of %d blobs that is refused takes nobody's grace, and lends nothing",
      async (count) => {
        const [here, lender] = [repository(`refused/${count}`), repository(`refused/${count}/lender`)];
        const present = Array.from({ length: count }, (_, index) => digestOf(`present ${count} ${index}`));
        for (const blob of present) await links.linkBlob(here, blob, 7, LATER);
        const lent = digestOf(`lent ${count}`);
        await links.linkBlob(lender, lent, 7, LATER);
        const requiredBlobs = [...present, lent, digestOf("absent")];
        const refused = { requiredBlobs, references: requiredBlobs, borrowFrom: [lender] };
        expect(await put(here, manifestOf(`refused ${count}`), refused)).toEqual([digestOf("absent")]);
        await collection.collectLinks(500);
        for (const blob of present.slice(0, 2)) {
          expect(await links.findLink([here], blob)).toEqual({ repository: here, size: 7, touchedAtMs: LATER });
        }
        expect(await links.findLink([here], lent)).toBeNull();
      },
    );

    test("an index whose manifests must be here is refused for those that are not, and holds those that are", async () => {
      const here = repository("required");
      const [child, other, index] = [
        manifestOf("required child"),
        manifestOf("nowhere"),
        manifestOf("index of required ones"),
      ];
      await put(here, child, { isPart: true, atMs: 10 });
      const listed = { requiredManifests: [child.digest, other.digest], references: [child.digest, other.digest] };
      expect(await put(here, index, listed)).toEqual([other.digest]);
      expect(await manifests.getManifest(here, index.digest)).toBeNull();
      expect(await put(here, index, { requiredManifests: [child.digest], references: [child.digest] })).toEqual([]);
      await collection.collectLinks(1000);
      expect(await manifests.getManifest(here, child.digest)).toEqual(child);
    });

    test("a part whose index never comes goes after the grace period, unless it was put for itself", async () => {
      const here = repository("parts");
      const [part, own] = [manifestOf("a part"), manifestOf("pushed for itself")];
      await put(here, own, { atMs: 1 });
      for (const manifest of [part, own]) await put(here, manifest, { isPart: true, atMs: 10 });
      await collection.collectLinks(10);
      expect(await manifests.getManifest(here, part.digest)).toEqual(part);
      await put(here, part, { isPart: true, atMs: 20 });
      await collection.collectLinks(20);
      expect(await manifests.getManifest(here, part.digest)).toEqual(part);
      await collection.collectLinks(21);
      expect(await manifests.getManifest(here, part.digest)).toBeNull();
      expect(await manifests.getManifest(here, own.digest)).toEqual(own);
    });

    test("a part that has a tag stays with it", async () => {
      const here = repository("parts/tagged");
      await put(here, manifestOf("a tagged part"), { isPart: true, tags: [tag("t")], atMs: 10 });
      await collection.collectLinks(1000);
      expect((await tags.getTagged(here, tag("t")))?.manifest).toEqual(manifestOf("a tagged part"));
    });

    test("a manifest of very many blobs is as whole as a small one, though a collection runs meanwhile", async () => {
      const [here, lender, there] = [repository("large"), repository("large/lender"), repository("large/other")];
      const blobs = Array.from({ length: 3000 }, (_, index) => digestOf(`one of many ${index}`));
      for (const [index, blob] of blobs.entries()) await links.linkBlob(index % 2 === 0 ? here : lender, blob, 1, 1);
      const large = { requiredBlobs: blobs, references: blobs, borrowFrom: [lender], tags: [tag("t")] };
      const [missing] = await Promise.all([put(here, manifestOf("large"), large), collection.collectLinks(1)]);
      expect(missing).toEqual([]);
      expect((await tags.getTagged(here, tag("t")))?.manifest).toEqual(manifestOf("large"));
      expect(await put(there, manifestOf("large"), { ...large, borrowFrom: [here] })).toEqual([]);
      await collection.collectLinks(1_000_000);
      for (const name of [here, there]) {
        for (const blob of blobs.filter((_, index) => index % 100 < 2)) {
          expect(await links.findLink([name], blob)).toEqual({ repository: name, size: 1, touchedAtMs: 0 });
          expect(await links.isReferenced(name, blob)).toBe(true);
        }
      }
    });

    test("a manifest may take blobs from the repositories that its pusher saw them in", async () => {
      const [here, lender] = [repository("borrows"), repository("lends")];
      const blob = digestOf("lent");
      await links.linkBlob(lender, blob, 4, 1);
      expect(await put(here, manifestOf("x"), { requiredBlobs: [blob], borrowFrom: [lender] })).toEqual([]);
      expect(await links.findLink([here], blob)).toEqual({ repository: here, size: 4, touchedAtMs: 0 });
    });

    test("deleting a manifest takes its tags along, and nobody else's", async () => {
      const here = repository("deleted");
      await put(here, manifestOf("a"), { tags: [tag("a1"), tag("a2")] });
      await put(here, manifestOf("b"), { tags: [tag("b")] });
      expect(await manifests.deleteManifest(here, manifestOf("a").digest, false, 1)).toBe(true);
      expect(await manifests.deleteManifest(here, manifestOf("a").digest, false, 1)).toBe(false);
      expect(await tags.listTags(here, FIRST_PAGE)).toEqual([tag("b")]);
      expect(await manifests.getManifest(here, manifestOf("a").digest)).toBeNull();
    });

    test("tags and repositories are listed by pages, in the order of their bytes", async () => {
      const here = repository("paged/repository");
      const names = ["a", "B", "b", "A", "_", "0", "a.b", "a-b"].map(tag);
      await put(here, manifestOf("x"), { tags: names });
      const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await tags.listTags(here, FIRST_PAGE)).toEqual(sorted);
      expect(await tags.listTags(here, { after: "a", limit: 2 })).toEqual([tag("a-b"), tag("a.b")]);
      const two = repository("paged.two/x");
      await put(two, manifestOf("x"));
      await put(repository("zz", "other.example" as Namespace), manifestOf("x"));
      const all = await repositories.listRepositories("test.example" as Namespace, { after: here, limit: 1000 });
      expect(all).not.toContain(here);
      expect(all.every((name) => name > here && name.startsWith("test.example/"))).toBe(true);
      expect(await repositories.listRepositories("test.example" as Namespace, FIRST_PAGE)).toContain(two);
      expect(await repositories.listRepositories(null, FIRST_PAGE)).toContain(
        repository("zz", "other.example" as Namespace),
      );
      expect(await repositories.listRepositories("test" as Namespace, FIRST_PAGE)).toEqual([]);
    });

    test("referrers are those of the subject, in that repository", async () => {
      const [here, there] = [repository("referrers/a"), repository("referrers/b")];
      const subject = digestOf("subject");
      await put(here, manifestOf("sig1"), { subject });
      await put(here, manifestOf("sig2"), { subject });
      await put(here, manifestOf("plain"));
      await put(there, manifestOf("sig3"), { subject });
      const found = await manifests.listReferrers(here, subject, FIRST_PAGE);
      const sorted = [manifestOf("sig1").digest, manifestOf("sig2").digest].sort();
      expect(found.map((m) => m.digest)).toEqual(sorted);
      const [first = null, second] = sorted;
      const first1 = await manifests.listReferrers(here, subject, { after: null, limit: 1 });
      const rest = await manifests.listReferrers(here, subject, { after: first, limit: 5 });
      expect([first1, rest].map((page) => page.map((m) => m.digest))).toEqual([[first], [second]] as Digest[][]);
    });

    test("a blob is seen only through repositories that link it; a mount links it", async () => {
      const [a, b, c] = [repository("links/a"), repository("links/b"), repository("links/c")];
      const blob = digestOf("linked blob");
      await links.linkBlob(a, blob, 11, 3);
      expect(await links.findLink([b, a], blob)).toEqual({ repository: a, size: 11, touchedAtMs: 3 });
      expect(await links.findLink([b], blob)).toBeNull();
      expect(await links.mountBlob(b, blob, c, 4)).toBeNull();
      expect(await links.mountBlob(b, blob, a, 4)).toBe(11);
      expect(await links.mountBlob(c, blob, null, 4)).toBe(11);
      expect(await links.mountBlob(c, digestOf("nowhere"), null, 4)).toBeNull();
      expect(await links.unlinkBlob(b, blob)).toBe(true);
      expect(await links.unlinkBlob(b, blob)).toBe(false);
      expect(await links.findLink([b], blob)).toBeNull();
      expect(await links.findLink([c], blob)).toMatchObject({ size: 11, touchedAtMs: 4 });
    });

    test("who else has a blob is known", async () => {
      const [here, there] = [repository("links/here"), repository("links/there")];
      const blob = digestOf("in two places");
      await links.linkBlob(here, blob, 1, 1);
      expect(await links.isLinkedElsewhere(here, blob)).toBe(false);
      expect(await links.isLinkedElsewhere(there, blob)).toBe(true);
      await links.linkBlob(there, blob, 1, 1);
      expect(await links.isLinkedElsewhere(here, blob)).toBe(true);
    });

    test("who links a blob is told in the order of names, page by page", async () => {
      const names = ["holders/c", "holders/a", "holders/b"].map((path) => repository(path));
      const blob = digestOf("held by three");
      expect(await holdings.listHolders(blob, FIRST_PAGE)).toEqual([]);
      for (const name of names) await links.linkBlob(name, blob, 1, 1);
      const first = await holdings.listHolders(blob, { after: null, limit: 2 });
      expect(first).toEqual([repository("holders/a"), repository("holders/b")]);
      expect(await holdings.listHolders(blob, { after: first[1] ?? null, limit: 2 })).toEqual([
        repository("holders/c"),
      ]);
      await links.unlinkBlob(repository("holders/a"), blob);
      expect(await holdings.listHolders(blob, { after: null, limit: 1 })).toEqual([repository("holders/b")]);
    });

    test("a blob is referenced where a manifest names it, linked or not", async () => {
      const [here, there] = [repository("named/here"), repository("named/there")];
      const blob = digestOf("named blob");
      await put(here, manifestOf("naming"), { references: [blob] });
      expect(await links.isReferenced(here, blob)).toBe(true);
      expect(await links.isReferenced(there, blob)).toBe(false);
      expect(await links.isReferenced(here, digestOf("unnamed"))).toBe(false);
    });

    test("links are told in sets, as the first repository has them", async () => {
      const [one, two] = [repository("link-sets/one"), repository("link-sets/two")];
      const [shared, own] = [digestOf("link set shared"), digestOf("link set own")];
      await links.linkBlob(one, shared, 3, 10);
      await links.linkBlob(two, shared, 3, 20);
      await links.linkBlob(two, own, 4, 30);
      const asked = [own, digestOf("link set nowhere"), shared];
      expect(await holdings.findLinks([one, two], asked)).toEqual(
        new Map([
          [own, { repository: two, size: 4, touchedAtMs: 30 }],
          [shared, { repository: one, size: 3, touchedAtMs: 10 }],
        ]),
      );
      expect((await holdings.findLinks([two, one], asked)).get(shared)?.touchedAtMs).toBe(20);
      await put(two, manifestOf("link set"), { references: [shared] });
      expect(await links.findNaming([one, two], shared)).toBe(two);
      expect(await links.findNaming([one], shared)).toBeNull();
      expect(await links.findNaming([], shared)).toBeNull();
    });

    test("what names a blob is found among many that name it elsewhere, and many here that do not", async () => {
      const [here, there, nowhere] = [repository("among/here"), repository("among/there"), repository("among/nowhere")];
      const blob = digestOf("named among many");
      for (let index = 0; index < 40; index++) {
        await put(there, manifestOf(`among there ${index}`), { references: [blob] });
        for (const name of [here, nowhere]) await put(name, manifestOf(`among ${name} ${index}`));
      }
      await put(here, manifestOf("among there 17"), { references: [blob] });
      expect(await links.isReferenced(here, blob)).toBe(true);
      expect(await links.isReferenced(there, blob)).toBe(true);
      expect(await links.isReferenced(nowhere, blob)).toBe(false);
      expect(await manifests.listNaming(here, blob, { after: null, limit: 9 })).toEqual([manifestOf("among there 17")]);
      expect(await manifests.listNaming(nowhere, blob, { after: null, limit: 9 })).toEqual([]);
    });

    test("the manifests that name a blob are listed page by page", async () => {
      const name = repository("naming/pages");
      const blob = digestOf("named by many");
      const all = Array.from({ length: 25 }, (_, index) => manifestOf(`naming ${index}`));
      for (const one of all) await put(name, one, { references: [blob] });
      const sorted = all.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
      const listed: StoredManifest[] = [];
      for (let after: Digest | null = null; ; ) {
        const page: readonly StoredManifest[] = await manifests.listNaming(name, blob, { after, limit: 10 });
        listed.push(...page);
        if (page.length < 10) break;
        after = page.at(-1)?.digest ?? null;
      }
      expect(listed).toEqual(sorted);
    });

    test("sessions come and go", async () => {
      const session = { id: "s-1", repository: repository("sessions"), startedAtMs: 9 };
      await sessions.createSession(session);
      expect(await sessions.getSession("s-1")).toEqual(session);
      expect(await sessions.getSession("s-2")).toBeNull();
      for (const [id, startedAtMs] of [
        ["s-3", 9],
        ["s-2", 8],
        ["s-4", 10],
      ] as const) {
        await sessions.createSession({ ...session, id, startedAtMs });
      }
      expect(await sessions.listSessions(10, FIRST_PAGE)).toEqual(["s-1", "s-2", "s-3"]);
      expect(await sessions.listSessions(10, { after: "s-1", limit: 1 })).toEqual(["s-2"]);
      expect(await sessions.deleteSession("s-1")).toBe(true);
      expect(await sessions.deleteSession("s-1")).toBe(false);
    });

    test("a blob that is linked again has the size of its last push", async () => {
      const here = repository("resized");
      const blob = digestOf("resized");
      for (const size of [1, 2]) await links.linkBlob(here, blob, size, 100);
      expect(await links.findLink([here], blob)).toMatchObject({ size: 2 });
    });

    test("a collection keeps what a manifest holds or a pusher touched, and drops the rest", async () => {
      const here = repository("collected");
      const [held, fresh, stale] = [digestOf("held"), digestOf("fresh"), digestOf("stale")];
      for (const blob of [held, fresh, stale]) await links.linkBlob(here, blob, 1, 100);
      await links.touchLink(here, fresh, 900);
      await put(here, manifestOf("m"), { requiredBlobs: [held], references: [held] });
      await collection.collectLinks(500);
      expect(await collection.listUnlinkedBlobs(ALL)).toContain(stale);
      expect(await links.findLink([here], held)).not.toBeNull();
      expect(await links.findLink([here], fresh)).not.toBeNull();
      expect(await links.findLink([here], stale)).toBeNull();
      expect(await forget(stale)).toBe(true);
      expect(await forget(held)).toBe(false);
      expect(await collection.findUnrecorded([stale, held])).toEqual([stale]);
    });

    test("the link of a cached image goes with it, a push's promise stays", async () => {
      const [here, there] = [repository("cached/here"), repository("cached/there")];
      const [blob, promised, early] = ["of a cached image", "promised", "before its manifest"].map((t) => digestOf(t));
      const manifest = manifestOf("a cached image");
      const references = [blob, promised] as Digest[];
      for (const name of [here, there]) await put(name, manifest, { references, kind: "cached" });
      await links.linkBlob(here, promised as Digest, 1, 900);
      for (const digest of [...references, early] as Digest[]) await links.linkBlob(here, digest, 1, 950, "cached");
      await links.mountBlob(there, blob as Digest, here, 950, "cached");
      const touched = async (name: RepositoryName, digest?: Digest) =>
        (await links.findLink([name], digest as Digest))?.touchedAtMs;
      expect(await touched(here, blob)).toBe(0);
      expect(await touched(there, blob)).toBe(0);
      expect(await touched(here, promised)).toBe(900);
      expect(await touched(here, early)).toBe(950);
      await manifests.deleteManifest(here, manifest.digest, true, 960);
      await collection.collectLinks(500);
      expect(await links.findLink([here], blob as Digest)).toBeNull();
      expect(await touched(here, promised)).toBe(900);
      expect(await touched(here, early)).toBe(950);
    });

    test("a link is kept by its own repository's manifests only", async () => {
      const [here, there] = [repository("kept/here"), repository("kept/there")];
      const [blob, manifest] = [digestOf("kept here"), manifestOf("kept here")];
      for (const name of [here, there]) await links.linkBlob(name, blob, 1, 100);
      await put(here, manifest, { requiredBlobs: [blob], references: [blob] });
      await put(there, manifest, { requiredBlobs: [blob], references: [blob] });
      await manifests.deleteManifest(there, manifest.digest, false, 100);
      await collection.collectLinks(500);
      expect(await links.findLink([there], blob)).toBeNull();
      expect(await links.findLink([here], blob)).not.toBeNull();
      expect(await forget(blob)).toBe(false);
      await manifests.deleteManifest(here, manifest.digest, false, 100);
      await collection.collectLinks(500);
      expect(await links.findLink([here], blob)).toBeNull();
      expect(await forget(blob)).toBe(true);
    });

    test("a blob that lost a link is listed until it is looked at, and forgotten when it has no other", async () => {
      const [here, there] = [repository("unlinked/here"), repository("unlinked/there")];
      const blob = digestOf("linked twice");
      for (const name of [here, there]) await links.linkBlob(name, blob, 1, 100);
      await links.unlinkBlob(here, blob);
      expect(await forget(blob)).toBe(false);
      expect(await collection.listUnlinkedBlobs(ALL)).not.toContain(blob);
      await links.unlinkBlob(there, blob);
      expect(await collection.listUnlinkedBlobs(ALL)).toContain(blob);
      expect(await forget(blob)).toBe(true);
      expect(await collection.listUnlinkedBlobs(ALL)).not.toContain(blob);
      expect(await collection.findUnrecorded([blob])).toEqual([blob]);
    });

    test("a link that a manifest holds when its grace ends needs no other once the manifest goes", async () => {
      const here = repository("graced");
      const [blob, manifest] = [digestOf("graced"), manifestOf("graced")];
      await put(here, manifest, { references: [blob] });
      await links.linkBlob(here, blob, 1, 400);
      await collection.collectLinks(400);
      expect(await links.findLink([here], blob)).toMatchObject({ touchedAtMs: 400 });
      await collection.collectLinks(401);
      expect(await links.findLink([here], blob)).toMatchObject({ touchedAtMs: 0 });
      await manifests.deleteManifest(here, manifest.digest, false, 400);
      await collection.collectLinks(300);
      expect(await links.findLink([here], blob)).toBeNull();
    });

    test("once its manifest is deleted, a blob's link is collected without delay", async () => {
      const here = repository("released");
      const blob = digestOf("released");
      await links.linkBlob(here, blob, 1, 1000);
      await put(here, manifestOf("r"), { requiredBlobs: [blob], references: [blob] });
      await manifests.deleteManifest(here, manifestOf("r").digest, false, 1000);
      await collection.collectLinks(500);
      expect(await collection.listUnlinkedBlobs(ALL)).toContain(blob);
    });

    test("the manifests of a deleted index go after the grace period, or with it, unless something names them", async () => {
      for (const withChildren of [false, true]) {
        const here = repository(`orphans/${withChildren}`);
        const [child, tagged, shared] = [manifestOf("child"), manifestOf("tagged child"), manifestOf("shared child")];
        const inner = manifestOf("inner index");
        const [index, other] = [manifestOf("index"), manifestOf("other index")];
        for (const manifest of [child, shared]) await put(here, manifest);
        await put(here, tagged, { tags: [tag("keep")] });
        await put(here, inner, { references: [child.digest] });
        await put(here, index, { references: [inner.digest, tagged.digest, shared.digest], tags: [tag("t")] });
        await put(here, other, { references: [shared.digest], tags: [tag("o")] });
        await manifests.deleteManifest(here, index.digest, withChildren, 1000);
        expect((await manifests.getManifest(here, inner.digest)) === null).toBe(withChildren);
        await collection.collectLinks(1000);
        expect((await manifests.getManifest(here, inner.digest)) === null).toBe(withChildren);
        await collection.collectLinks(1001);
        const left = [child, inner, tagged, shared].map((m) => manifests.getManifest(here, m.digest));
        expect((await Promise.all(left)).map((m) => m?.digest ?? null)).toEqual([
          null,
          null,
          tagged.digest,
          shared.digest,
        ]);
      }
    });

    test("an image of a deleted index that had a tag of its own stays when the tag moves on", async () => {
      const here = repository("orphans/once-tagged");
      const [child, index] = [manifestOf("once tagged"), manifestOf("index of once tagged")];
      await put(here, child, { tags: [tag("t")] });
      await put(here, index, { references: [child.digest] });
      await manifests.deleteManifest(here, index.digest, false, 10);
      await put(here, manifestOf("its successor"), { tags: [tag("t")] });
      await collection.collectLinks(1000);
      expect(await manifests.getManifest(here, child.digest)).toEqual(child);
    });

    test("a tag takes its manifest along when asked to, unless something else names it", async () => {
      const here = repository("released/tags");
      const [child, index, other] = [manifestOf("leaf"), manifestOf("its index"), manifestOf("other leaf")];
      await put(here, child);
      await put(here, index, { references: [child.digest], tags: [tag("a"), tag("b")] });
      await put(here, other, { tags: [tag("c")] });
      expect(await tags.deleteTag(here, tag("a"), true, 1)).toBe("pushed");
      expect(await manifests.getManifest(here, index.digest)).not.toBeNull();
      expect(await tags.deleteTag(here, tag("b"), true, 1)).toBe("pushed");
      expect(await manifests.getManifest(here, index.digest)).toBeNull();
      expect(await manifests.getManifest(here, child.digest)).toBeNull();
      expect(await tags.deleteTag(here, tag("c"), false, 1)).toBe("pushed");
      expect(await manifests.getManifest(here, other.digest)).not.toBeNull();
    });

    test("what is attached to a removed image goes with it, unless something else holds it", async () => {
      for (const by of ["tag", "digest"]) {
        const here = repository(`attached/${by}`);
        const attachedTo = (manifest: StoredManifest, suffix = "") =>
          tag(`${manifest.digest.replace(":", "-")}${suffix}`);
        const [image, child] = [manifestOf("the index"), manifestOf("of one platform")];
        await put(here, child);
        await put(here, image, { references: [child.digest], tags: [tag("v1")] });
        const [sbom, itsSignature] = [manifestOf("SBOM of the child"), manifestOf("signature of the SBOM")];
        await put(here, sbom, { subject: child.digest });
        await put(here, itsSignature, { subject: sbom.digest });
        const [listed, list] = [manifestOf("listed"), manifestOf("the referrers tag's index")];
        await put(here, listed, { subject: image.digest });
        await put(here, list, { references: [listed.digest], tags: [attachedTo(image)], kind: "cached" });
        const [signature, attestation] = [manifestOf("cosign's signature"), manifestOf("cosign's attestation")];
        await put(here, signature, { tags: [attachedTo(image, ".sig")], kind: "cached" });
        await put(here, attestation, { tags: [attachedTo(child, ".att")], kind: "cached" });
        const [pushed, named, ofAnother] = [
          manifestOf("a pushed one"),
          manifestOf("with a name"),
          manifestOf("another's"),
        ];
        await put(here, pushed, { tags: [attachedTo(image, ".sbom")] });
        await put(here, named, { subject: image.digest, tags: [tag("report")] });
        await put(here, manifestOf("another image"), { tags: [tag("v2")] });
        await put(here, ofAnother, { subject: manifestOf("another image").digest });

        if (by === "tag") await tags.deleteTag(here, tag("v1"), true, 1);
        else await manifests.deleteManifest(here, image.digest, true, 1);
        for (const gone of [image, child, sbom, itsSignature, listed, list, signature, attestation, pushed])
          expect(await manifests.getManifest(here, gone.digest)).toBeNull();
        for (const left of [named, ofAnother]) expect(await manifests.getManifest(here, left.digest)).toEqual(left);
        expect(await tags.listTags(here, ALL)).toEqual([tag("report"), tag("v2")]);
      }
    });

    test("what refers to a manifest stays when that is deleted without what belongs to it, or is there again", async () => {
      const here = repository("attached/deleted");
      const [image, index, referrer] = [manifestOf("an image"), manifestOf("its list"), manifestOf("its referrer")];
      await put(here, image, { tags: [tag("t")] });
      await put(here, referrer, { subject: image.digest });
      await put(here, index, { references: [referrer.digest] });
      await manifests.deleteManifest(here, image.digest, false, 1);
      await collection.collectLinks(LATER);
      expect(await manifests.getManifest(here, referrer.digest)).toEqual(referrer);
      await put(here, image);
      await manifests.deleteManifest(here, index.digest, true, 1);
      expect(await manifests.getManifest(here, referrer.digest)).toEqual(referrer);
    });

    test("an orphan that is put or named again is kept", async () => {
      const here = repository("rescued");
      const [child, index] = [manifestOf("rescued child"), manifestOf("rescued index")];
      await put(here, child);
      await put(here, index, { references: [child.digest] });
      await manifests.deleteManifest(here, index.digest, false, 10);
      await put(here, child);
      await collection.collectLinks(5000);
      expect(await manifests.getManifest(here, child.digest)).not.toBeNull();
    });

    test("what is unlinked is listed page by page", async () => {
      const here = repository("unlinked/pages");
      const blobs = Array.from({ length: 5 }, (_, index) => digestOf(`unlinked page ${index}`)).sort();
      for (const blob of blobs) await links.linkBlob(here, blob, 1, 100);
      for (const blob of blobs) await links.unlinkBlob(here, blob);
      const seen: Digest[] = [];
      for (let after: string | null = null; ; after = seen.at(-1) ?? null) {
        const page = await collection.listUnlinkedBlobs({ after, limit: 2 });
        seen.push(...page);
        if (page.length < 2) break;
      }
      expect(seen.filter((blob) => blobs.includes(blob))).toEqual(blobs);
      const take = async (going: readonly Digest[]) => going.slice(0, 3);
      expect(await transitions.takeAway(blobs, "unlinked", take)).toEqual(blobs.slice(0, 3));
      expect(await collection.findUnrecorded(blobs)).toEqual(blobs.slice(0, 3));
      expect(await collection.listUnlinkedBlobs(ALL)).toContain(blobs[3] as Digest);
      expect(await transitions.takeAway(blobs, "unlinked", async (going) => going)).toEqual(blobs.slice(3));
    });

    test("a blob that somebody brings is not taken away, whatever speaks against it", async () => {
      const here = repository("arriving");
      const blob = digestOf("arriving");
      const take = async (going: readonly Digest[]) => going;
      await links.linkBlob(here, blob, 1, 100);
      await links.unlinkBlob(here, blob);
      const first = digestOf("arriving for the first time");
      await transitions.arrive(blob, async () => {
        // Another one that comes and fails ends nothing for the first.
        await expect(transitions.arrive(blob, () => Promise.reject(new Error("left")))).rejects.toThrow("left");
        for (const departure of ["unlinked", "damaged"] as const)
          expect(await transitions.takeAway([blob], departure, take)).toEqual([]);
        await links.linkBlob(here, blob, 1, 200);
      });
      await transitions.arrive(first, async () => {
        expect(await collection.findUnrecorded([first])).toEqual([]);
        expect(await transitions.takeAway([first], "unrecorded", take)).toEqual([]);
      });
      expect(await transitions.takeAway([blob], "unlinked", take)).toEqual([]);
      expect(await links.findLink([here], blob)).not.toBeNull();
      expect(await transitions.takeAway([first], "unrecorded", take)).toEqual([first]);
    });

    test("who brings a blob that is going waits for the end of that; who links it meanwhile is refused", async () => {
      const here = repository("going");
      const blob = digestOf("going");
      await links.linkBlob(here, blob, 1, 100);
      await links.unlinkBlob(here, blob);
      const seen: string[] = [];
      const gate = Promise.withResolvers<void>();
      const taking = transitions.takeAway([blob], "unlinked", async (going) => {
        seen.push("going");
        await gate.promise;
        seen.push("gone");
        return going;
      });
      while (seen.length === 0) await Bun.sleep(1);
      const arriving = transitions.arrive(blob, async () => {
        seen.push("arrived");
        await links.linkBlob(here, blob, 1, 200);
      });
      await expect(links.linkBlob(here, blob, 1, 200)).rejects.toThrow("being taken away");
      expect(await transitions.takeAway([blob], "unlinked", async (going) => going)).toEqual([]);
      gate.resolve();
      await Promise.all([taking, arriving]);
      expect(seen).toEqual(["going", "gone", "arrived"]);
      expect(await links.findLink([here], blob)).toMatchObject({ size: 1, touchedAtMs: 200 });
    });

    test("who holds on to blobs waits for those that are going, and frees the others one by one", async () => {
      const here = repository("held");
      const blobs = Array.from({ length: 4 }, (_, index) => digestOf(`held ${index}`)).sort();
      for (const blob of blobs) await links.linkBlob(here, blob, 1, 100);
      for (const blob of blobs) await links.unlinkBlob(here, blob);
      const [first, second, third, fourth] = blobs as [Digest, Digest, Digest, Digest];
      const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const taking = transitions.takeAway([first], "unlinked", async (going) => {
        begun.resolve();
        await gate.promise;
        return going;
      });
      await begun.promise;
      let isHeld = false;
      const holding = transitions.hold().then((hold) => {
        isHeld = true;
        return hold;
      });
      // From here on nothing more goes; that what is going has gone is waited for.
      const all = async (going: readonly Digest[]) => going;
      expect(await transitions.takeAway(blobs.slice(1), "unlinked", all)).toEqual([]);
      await Bun.sleep(5);
      expect(isHeld).toBe(false);
      gate.resolve();
      expect(await taking).toEqual([first]);
      const hold = await holding;
      expect(await collection.findUnrecorded(blobs)).toEqual([first]);
      expect(transitions.heldBack()).toBe("held");
      hold.advance(third);
      expect(transitions.heldBack()).toBe("free");
      expect(transitions.heldBack()).toBe("nothing");
      expect(await transitions.takeAway(blobs, "unlinked", all)).toEqual([second, third]);
      expect(transitions.heldBack()).toBe("held");
      hold.release();
      expect(transitions.heldBack()).toBe("free");
      expect(await transitions.takeAway([fourth], "unlinked", all)).toEqual([fourth]);
      expect(transitions.heldBack()).toBe("nothing");
    });

    test("a blob whose file could not be taken away stays as it was, and can be brought", async () => {
      const here = repository("stuck");
      const blob = digestOf("stuck");
      await links.linkBlob(here, blob, 1, 100);
      await links.unlinkBlob(here, blob);
      const fail = () => Promise.reject(new Error("the disk failed"));
      await expect(transitions.takeAway([blob], "unlinked", fail)).rejects.toThrow("the disk failed");
      expect(await collection.listUnlinkedBlobs(ALL)).toContain(blob);
      await transitions.arrive(blob, () => links.linkBlob(here, blob, 1, 200));
      expect(await links.findLink([here], blob)).not.toBeNull();
    });

    test("a damaged file is taken away from those who link it, and they keep their links", async () => {
      const here = repository("damaged");
      const blob = digestOf("damaged");
      await links.linkBlob(here, blob, 7, 100);
      expect(await transitions.takeAway([blob], "damaged", async (going) => going)).toEqual([blob]);
      expect(await transitions.takeAway([blob], "unrecorded", async (going) => going)).toEqual([]);
      expect(await links.findLink([here], blob)).toMatchObject({ size: 7 });
    });
  });
}

function repository(path: string, namespace = "test.example" as Namespace): RepositoryName {
  return repositoryName(namespace, parseRepositoryPath(path));
}

function tag(text: string): Tag {
  return parseTag(text);
}

function manifestOf(text: string): StoredManifest {
  const bytes = new Uint8Array(Buffer.from(JSON.stringify({ text })));
  return { digest: digestOf(bytes), mediaType: "application/vnd.oci.image.index.v1+json", bytes };
}
