import fc from "fast-check";
import { describe, expect, test } from "bun:test";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { type FoundTag, type ImageFilter, type ImageOrder, namePartOf } from "./image-search.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { ManifestPut, MetadataStore } from "./metadata.ts";

const NEVER = new AbortController().signal;
const ANY: ImageFilter = { namespace: null, words: [], kind: null, isSigned: null, isMeant: null };
const BY_NAME: ImageOrder = { by: "name", descending: false };
const HERE = "quay.io/team/app" as RepositoryName;

function manifestOf(text: string) {
  return { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: new TextEncoder().encode(text) };
}

/** A tag that a property puts: which image it leads to, and when it came. */
type Put = {
  readonly repository: string;
  readonly tag: string;
  readonly kind: "pushed" | "cached";
  readonly image: number;
};

const repositories = [
  "docker.io/library/nginx",
  "docker.io/nginx/agent",
  "local/Nginx-x",
  "local/a_b",
  "quay.io:443/x%y",
];
const tagNames = ["1.27", "1.27-alpine", "latest", "A_b", "NGINX", `${digestOf("image 1").replace(":", "-")}.sig`];
const puts = fc.array(
  fc.record({
    repository: fc.constantFrom(...repositories),
    tag: fc.constantFrom(...tagNames),
    kind: fc.constantFrom("pushed" as const, "cached" as const),
    image: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 25 },
);
const words = fc.array(
  fc.constantFrom(
    "nginx",
    "NGINX:1",
    "1.27",
    "x",
    "/nginx",
    "a_b",
    "%",
    "_",
    "!",
    ":",
    "sha256-",
    "docker.io/",
    "none",
    "ß",
    digestOf("image 2").slice(0, 13),
    digestOf("image 2").slice(7, 20),
  ),
  { maxLength: 3 },
);
const filters = fc.record({
  namespace: fc.constantFrom(null, "docker.io" as Namespace, "local" as Namespace, "none.example" as Namespace),
  words,
  kind: fc.constantFrom(null, "pushed" as const, "cached" as const),
  isSigned: fc.constantFrom(null, true, false),
  isMeant: fc.constantFrom(null, (repository: string, tag: string) => (repository.length + tag.length) % 2 === 0),
});
const orders = fc.record({
  by: fc.constantFrom("match" as const, "name" as const, "updated" as const, "pulled" as const, "size" as const),
  descending: fc.boolean(),
});

/** What `image-search.ts` promises, for one implementation; so many contents are tried. */
export function imageSearchContract(name: string, open: () => Promise<MetadataStore>, numRuns: number): void {
  describe(name, () => {
    let store: MetadataStore;
    const withStore = (work: () => Promise<void>) => async () => {
      store = await open();
      await work().finally(() => store.close());
    };
    const put = (repository: RepositoryName, text: string, tags: readonly string[], more: Partial<ManifestPut> = {}) =>
      store.manifests.putManifest(repository, putOf(manifestOf(text), { tags: tags as Tag[], ...more }));
    const find = async (filter: Partial<ImageFilter> = {}, order = BY_NAME) =>
      (await store.imageSearch.find({ ...ANY, ...filter }, order, { offset: 0, limit: 1000 }, NEVER)).tags;
    const names = async (filter: Partial<ImageFilter> = {}, order = BY_NAME) =>
      (await find(filter, order)).map(({ repository, tag }) => `${repository}:${tag}`);
    const measureOne = async (tag: string, sizeBytes: number, isSigned = false) => {
      const { tags } = await store.imageSearch.listUnmeasured(1000);
      const meant = tags.filter((one) => one.tag === tag);
      const measure = { sizeBytes, platforms: ["linux/amd64", "linux/arm64"], isSigned };
      await store.imageSearch.noteMeasures(meant.map((one) => ({ ...one, measure })));
    };
    const measureOf = async (tag: string) => (await find()).find((one) => one.tag === tag)?.measure?.sizeBytes ?? null;

    /** Puts them, measures each image by its number, the odd ones as signed, and notes pulls. */
    async function fill(all: readonly Put[]): Promise<void> {
      for (const [index, { repository, tag, kind, image }] of all.entries())
        await put(repository as RepositoryName, `image ${image}`, [tag], { kind, atMs: index + 1 });
      const { tags } = await store.imageSearch.listUnmeasured(1000);
      await store.imageSearch.noteMeasures(
        tags.map((one) => ({
          ...one,
          measure: { sizeBytes: sizeOf(one.digest), platforms: [], isSigned: isOdd(one.digest) },
        })),
      );
      for (const { repository, image } of all.slice(0, 5))
        await store.pulls.notePulls([
          { repository: repository as RepositoryName, digest: digestOf(`image ${image}`), atMs: 100 + image },
        ]);
    }

    test("what is found is what a plain look at every tag finds, in its order, from any place on", async () => {
      await fc.assert(
        fc.asyncProperty(
          puts,
          filters,
          orders,
          fc.nat(12),
          fc.integer({ min: 1, max: 9 }),
          async (all, filter, order, offset, limit) => {
            store = await open();
            await fill(all);
            const every = await listed();
            const meant = every
              .filter((one) => isPlainlyMeant(one, filter, all))
              .sort((a, b) => plainOrder(a, b, order, filter.words));
            const page = await store.imageSearch.find(filter, order, { offset, limit }, NEVER);
            const tally = await store.imageSearch.tally(filter, NEVER);
            await store.close();
            const nameOf = ({ repository, tag, kind }: FoundTag) => `${repository}:${tag} ${kind}`;
            expect(page.tags.map(nameOf)).toEqual(meant.slice(offset, offset + limit).map(nameOf));
            expect(page).toMatchObject({ total: meant.length, isCut: false });
            const counted = Map.groupBy(meant, ({ repository }) => repository);
            expect(
              tally.repositories.map(({ repository, tags, pushedTags, updatedAtMs, pulledAtMs }) => [
                repository,
                tags,
                pushedTags,
                updatedAtMs,
                pulledAtMs,
              ]),
            ).toEqual(
              [...counted]
                .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
                .map(([repository, tags]) => [
                  repository,
                  tags.length,
                  tags.filter(({ kind }) => kind === "pushed").length,
                  Math.max(...tags.map(({ updatedAtMs }) => updatedAtMs)),
                  Math.max(...tags.map(({ pulledAtMs }) => pulledAtMs ?? 0)) || null,
                ]),
            );
          },
        ),
        { numRuns },
      );
    }, 120_000);

    /** Every row, by the list that others use. */
    async function listed(): Promise<readonly FoundTag[]> {
      const found: FoundTag[] = [];
      const query = {
        namespace: null,
        text: "",
        kind: null,
        order: BY_NAME as { by: "name"; descending: boolean },
        limit: 1000,
      };
      for (let after = null; ; ) {
        const slice = await store.tagIndex.findTags({ ...query, after });
        found.push(
          ...slice.tags.map((tag) => ({
            ...tag,
            isCovering: false,
            mark: 0,
            measure: { sizeBytes: sizeOf(tag.digest), platforms: [], isSigned: isOdd(tag.digest) },
          })),
        );
        if (slice.next === null) return found;
        after = slice.next as never;
      }
    }

    test(
      "the repositories that are named so come first, then those of which a part begins so",
      withStore(async () => {
        for (const one of [
          "docker.io/bitnami/nginx-exporter",
          "docker.io/library/nginx",
          "local/my-nginx",
          "local/nginx/x",
        ])
          await put(one as RepositoryName, one, ["1"]);
        expect(await names({ words: ["nginx", "1"] }, { by: "match", descending: false })).toEqual([
          "docker.io/library/nginx:1",
          "docker.io/bitnami/nginx-exporter:1",
          "local/nginx/x:1",
          "local/my-nginx:1",
        ]);
        expect((await names({ words: ["nginx:1"] }, { by: "match", descending: false }))[0]).toBe(
          "docker.io/library/nginx:1",
        );
      }),
    );

    test(
      "a pushed tag tells that it covers a cached one, which is found again when it goes",
      withStore(async () => {
        await put(HERE, "cached", ["1"], { kind: "cached" });
        await put(HERE, "mine", ["1"]);
        await put(HERE, "late", ["2"]);
        await put(HERE, "late", ["2"], { kind: "cached" });
        expect(await find()).toMatchObject([
          { tag: "1", kind: "pushed", isCovering: true },
          { tag: "2", kind: "pushed", isCovering: true },
        ]);
        for (const tag of ["1", "2"] as Tag[]) await store.tags.deleteTag(HERE, tag, true, 1);
        expect(await find()).toMatchObject([
          { tag: "1", kind: "cached", isCovering: false },
          { tag: "2", kind: "cached", isCovering: false },
        ]);
      }),
    );

    test(
      "a measure counts until something of the image comes or goes",
      withStore(async () => {
        const [layer, part] = [digestOf("layer"), manifestOf("part")];
        await put(HERE, "index", ["1"], { kind: "cached", references: [part.digest] });
        const changes: [string, () => Promise<unknown>][] = [
          ["a part", () => put(HERE, "part", [], { kind: "cached", isPart: true, references: [layer] })],
          ["a blob of a part", () => store.links.linkBlob(HERE, layer, 5, 1, "cached")],
          ["a blob that goes", () => store.links.unlinkBlob(HERE, layer)],
          ["another image", () => put(HERE, "other", ["1"], { kind: "cached" })],
          ["a referrer", () => put(HERE, "referrer", [], { subject: digestOf("other") })],
          ["a signature", () => put(HERE, "sig", [`${digestOf("other").replace(":", "-")}.sig`])],
          ["another signature", () => put(HERE, "sig 2", [`${digestOf("other").replace(":", "-")}.sig`])],
          [
            "a signature that goes",
            () => store.tags.deleteTag(HERE, `${digestOf("other").replace(":", "-")}.sig` as Tag, true, 1),
          ],
          ["a referrer that goes", () => store.manifests.deleteManifest(HERE, digestOf("referrer"), true, 1)],
        ];
        for (const [what, change] of changes) {
          await measureOne("1", 7);
          expect([what, await measureOf("1")]).toEqual([what, 7]);
          await change();
          expect([what, await measureOf("1")]).toEqual([what, null]);
        }
        await measureOne("1", 7);
        await put("quay.io/else/where" as RepositoryName, "other", ["1"]);
        await put(HERE, "unrelated", ["3"], { references: [digestOf("x")] });
        await store.links.linkBlob(HERE, digestOf("x"), 5, 1);
        expect((await find({ namespace: "quay.io" as Namespace, words: ["team/app:1"] }))[0]?.measure).toEqual({
          sizeBytes: 7,
          platforms: ["linux/amd64", "linux/arm64"],
          isSigned: false,
        });
      }),
    );

    test(
      "a measure that was taken before something changed is left out",
      withStore(async () => {
        const layer = digestOf("layer");
        await put(HERE, "image", ["1"], { kind: "cached", references: [layer] });
        const [before] = await find();
        if (before === undefined) throw new Error("there is no tag");
        await store.links.linkBlob(HERE, layer, 5, 1, "cached");
        const measure = { sizeBytes: 1, platforms: [], isSigned: false };
        await store.imageSearch.noteMeasures([{ ...before, measure }]);
        expect(await measureOf("1")).toBeNull();
        expect(await store.imageSearch.listUnmeasured(0)).toEqual({ tags: [], total: 1 });
        const [after] = await find();
        if (after !== undefined) await store.imageSearch.noteMeasures([{ ...after, measure }]);
        expect(await measureOf("1")).toBe(1);
        expect(await store.imageSearch.listUnmeasured(9)).toEqual({ tags: [], total: 0 });
      }),
    );

    test(
      "what has signatures is found by that, until it is another image",
      withStore(async () => {
        await put(HERE, "signed", ["1"]);
        await put(HERE, "unsigned", ["2"]);
        expect(await names({ isSigned: true })).toEqual([]);
        await measureOne("1", 1, true);
        await measureOne("2", 1, false);
        expect(await names({ isSigned: true })).toEqual([`${HERE}:1`]);
        expect(await names({ isSigned: false })).toEqual([`${HERE}:2`]);
        await put(HERE, "anew", ["1"]);
        expect(await names({ isSigned: true })).toEqual([]);
      }),
    );

    test(
      "a repository tells what its blobs come to",
      withStore(async () => {
        await put(HERE, "image", ["1"]);
        await store.links.linkBlob(HERE, digestOf("a"), 30, 1);
        await store.links.linkBlob(HERE, digestOf("b"), 12, 1);
        expect((await store.imageSearch.tally(ANY, NEVER)).repositories).toMatchObject([
          { repository: HERE, tags: 1, bytes: 42 },
        ]);
      }),
    );

    test(
      "nothing is looked for when nobody waits",
      withStore(async () => {
        await put(HERE, "image", ["1"]);
        const left = AbortSignal.abort(new Error("left"));
        await expect(store.imageSearch.find(ANY, BY_NAME, { offset: 0, limit: 1 }, left)).rejects.toThrow("left");
        await expect(store.imageSearch.tally(ANY, left)).rejects.toThrow("left");
      }),
    );
  });
}

const IMAGES = [0, 1, 2, 3].map((image) => digestOf(`image ${image}`));

/** Images 1 and 3 are as large. */
function sizeOf(digest: Digest): number {
  return [10, 20, 5, 20][IMAGES.indexOf(digest)] ?? 0;
}

function isOdd(digest: Digest): boolean {
  return IMAGES.indexOf(digest) % 2 === 1;
}

/** In the plainest words, with nothing of what the stores use. */
function isPlainlyMeant(one: FoundTag, filter: ImageFilter, all: readonly Put[]): boolean {
  const name = `${one.repository}:${one.tag}`.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  const isAttached = one.tag.startsWith("sha256-") && holds(one.repository, 1, all);
  if (isAttached && !filter.words.includes("sha256-")) return false;
  if (filter.namespace !== null && one.repository.split("/")[0] !== filter.namespace) return false;
  if (filter.kind !== null && one.kind !== filter.kind) return false;
  if (filter.isSigned !== null && isOdd(one.digest) !== filter.isSigned) return false;
  if (filter.isMeant !== null && !filter.isMeant(one.repository, one.tag, one.digest)) return false;
  return filter.words.every((word) => {
    const isHex = /^[0-9a-f:sha]{12,}$/.test(word) && /[0-9a-f]{6}/.test(word);
    return name.includes(word.toLowerCase()) || (isHex && one.digest.includes(word));
  });
}

function holds(repository: string, image: number, all: readonly Put[]): boolean {
  return all.some((one) => one.repository === repository && one.image === image);
}

function plainOrder(a: FoundTag, b: FoundTag, { by, descending }: ImageOrder, asked: readonly string[]): number {
  const sign = descending ? -1 : 1;
  const byName = Buffer.compare(Buffer.from(`${a.repository}\0${a.tag}`), Buffer.from(`${b.repository}\0${b.tag}`));
  if (by === "match") return plainRank(a.repository, asked) - plainRank(b.repository, asked) || sign * byName;
  const keys = {
    name: () => 0,
    updated: (one: FoundTag) => one.updatedAtMs,
    pulled: (one: FoundTag) => one.pulledAtMs ?? 0,
    size: (one: FoundTag) => sizeOf(one.digest),
  };
  return sign * (keys[by](a) - keys[by](b) || byName);
}

function plainRank(repository: string, asked: readonly string[]): number {
  const parts = repository.toLowerCase().split("/");
  const suffixes = parts.map((_, at) => parts.slice(at).join("/"));
  const meant = asked.map((word) => namePartOf(word).toLowerCase()).filter((word) => word !== "");
  if (meant.some((word) => suffixes.includes(word))) return 0;
  return meant.some((word) => suffixes.some((suffix) => suffix.startsWith(word))) ? 1 : 2;
}
