/** Is what a collection in SQLite takes away, from notes, what the plain one in memory takes away, from all there is? */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Digest, digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { MetadataStore } from "../metadata.ts";
import { memoryMetadata } from "../memory/metadata-memory.ts";
import { openSqliteMetadata } from "./metadata-sqlite.ts";

const REPOSITORIES = ["local/a", "local/b"] as RepositoryName[];
const TAGS = ["v1", "v2"] as Tag[];
const BLOBS = Array.from({ length: 3 }, (_, index) => digestOf(`blob ${index}`));

type Image = { readonly digest: Digest; readonly references: readonly Digest[]; readonly children: readonly Digest[] };

/** Images that share layers, then indexes that share images, one of them in another. */
const IMAGES = imagesOf(
  [
    [0, 1],
    [1, 2],
  ],
  [[0, 1], [1], [2]],
);

function imagesOf(layers: readonly number[][], children: readonly number[][]): readonly Image[] {
  const images: Image[] = [];
  for (const [index, numbers] of layers.entries()) {
    const references = numbers.map((number) => BLOBS[number] as Digest);
    images.push({ digest: digestOf(`image ${index}`), references, children: [] });
  }
  for (const [index, numbers] of children.entries()) {
    const digests = numbers.map((number) => (images[number] as Image).digest);
    images.push({ digest: digestOf(`index ${index}`), references: digests, children: digests });
  }
  return images;
}

type Step = { readonly describe: string; readonly run: (store: MetadataStore, atMs: number) => Promise<unknown> };

const repository = fc.constantFrom(...REPOSITORIES);
const image = fc.constantFrom(...IMAGES);
const tag = fc.constantFrom(...TAGS);
const blob = fc.constantFrom(...BLOBS);

function step<Values extends unknown[]>(
  name: string,
  values: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> },
  run: (store: MetadataStore, atMs: number, ...values: Values) => Promise<unknown>,
): fc.Arbitrary<Step> {
  return fc
    .tuple<Values>(...values)
    .map((chosen) => ({ describe: `${name} ${JSON.stringify(chosen)}`, run: (s, atMs) => run(s, atMs, ...chosen) }));
}

const kind = fc.constantFrom("pushed", "cached" as const);
const putMode = fc.constantFrom("pushed", "cached", "part" as const);

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: step("bring", [repository, image], async (store, atMs, name, { references, children }) => {
      if (children.length === 0) for (const digest of references) await store.links.linkBlob(name, digest, 5, atMs);
    }),
  },
  {
    weight: 6,
    arbitrary: step("put", [repository, image, tag, putMode], (store, atMs, name, { digest, ...one }, tagged, mode) =>
      store.manifests.putManifest(name, {
        manifest: { digest, mediaType: "application/vnd.oci.image.index.v1+json", bytes: new Uint8Array(1) },
        requiredBlobs: mode === "cached" || one.children.length > 0 ? [] : one.references,
        borrowFrom: REPOSITORIES,
        requiredManifests: mode === "pushed" ? one.children : [],
        references: one.references,
        subject: null,
        tags: mode === "part" ? [] : [tagged],
        kind: mode === "cached" ? "cached" : "pushed",
        isPart: mode === "part",
        atMs,
      }),
    ),
  },
  {
    weight: 4,
    arbitrary: step("link", [repository, blob, kind], (store, atMs, name, digest, of) =>
      store.links.linkBlob(name, digest, 5, atMs, of),
    ),
  },
  {
    weight: 2,
    arbitrary: step("touch", [repository, blob], (store, atMs, ...at) => store.links.touchLink(...at, atMs)),
  },
  {
    weight: 2,
    arbitrary: step("mount", [repository, blob, fc.option(repository), kind], (store, atMs, to, digest, from, of) =>
      store.links.mountBlob(to, digest, from, atMs, of),
    ),
  },
  { weight: 1, arbitrary: step("unlink", [repository, blob], (store, _, ...at) => store.links.unlinkBlob(...at)) },
  {
    weight: 3,
    arbitrary: step("untag", [repository, tag, fc.boolean()], (store, atMs, ...how) =>
      store.tags.deleteTag(...how, atMs),
    ),
  },
  {
    weight: 3,
    arbitrary: step("delete", [repository, image, fc.boolean()], (store, atMs, name, { digest }, withChildren) =>
      store.manifests.deleteManifest(name, digest, withChildren, atMs),
    ),
  },
  { weight: 3, arbitrary: step("collect", [fc.nat(15)], (store, atMs, graceMs) => collect(store, atMs - graceMs)) },
);

/** As the registry collects: what it took, and which blobs it forgot. */
async function collect({ collection, transitions }: MetadataStore, beforeMs: number): Promise<unknown> {
  const taken = await collection.collectLinks(beforeMs);
  const unlinked = await collection.listUnlinkedBlobs({ after: null, limit: 1000 });
  const forgotten = await transitions.takeAway(unlinked, "unlinked", async (going) => going);
  expect(await collection.listUnlinkedBlobs({ after: null, limit: 1 })).toEqual([]);
  return { taken, forgotten: forgotten.toSorted() };
}

/** All that can be seen of a store. */
async function contentOf({ manifests, tagIndex, links, collection }: MetadataStore): Promise<unknown> {
  const content: unknown[] = [];
  for (const name of REPOSITORIES) {
    const order = { by: "name", descending: false } as const;
    content.push(await tagIndex.findTags({ namespace: null, text: name, kind: null, order, after: null, limit: 10 }));
    for (const { digest } of IMAGES) content.push((await manifests.getManifest(name, digest)) !== null);
    for (const digest of BLOBS)
      content.push(await links.findLink([name], digest), await links.isReferenced(name, digest));
  }
  content.push(await collection.findUnrecorded(BLOBS));
  return content;
}

test("after whatever was pushed, mounted and removed, it takes what is needed no more, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-collection-"));
  let opened = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 150, size: "max" }), async (steps) => {
      // Without the slow round, which would find what was not noted.
      const sqlite = openSqliteMetadata(join(folder, `${opened++}.db`), 0);
      const memory = memoryMetadata();
      for (const [index, { describe, run }] of steps.entries()) {
        const atMs = 100 + index;
        const outcomes = [await run(sqlite, atMs), await run(memory, atMs)];
        expect({ describe, outcome: outcomes[0] }).toEqual({ describe, outcome: outcomes[1] });
        expect({ describe, content: await contentOf(sqlite) }).toEqual({ describe, content: await contentOf(memory) });
      }
      expect(await collect(sqlite, 1000)).toEqual(await collect(memory, 1000));
      expect(await contentOf(sqlite)).toEqual(await contentOf(memory));
      await sqlite.close();
    }),
    { numRuns: 40 },
  );
  await rm(folder, { recursive: true });
}, 120_000);
