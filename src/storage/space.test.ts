import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { attachmentTagsOf } from "../oci/attachment-tag.ts";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { MetadataStore } from "./metadata.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { spaceContract } from "./space.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

spaceContract("space in memory", async () => memoryMetadata());

async function openSqlite(): Promise<MetadataStore> {
  const folder = await mkdtemp(join(tmpdir(), "larder-space-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
}

spaceContract("space in SQLite", openSqlite);

const REPOSITORIES = ["quay.io/a", "quay.io/b"] as RepositoryName[];
/** What each manifest names, and is attached to: as in the world, its digest says it. */
const CONTENT: Readonly<Record<string, { readonly names: readonly string[]; readonly subject?: string }>> = {
  m0: { names: ["b0", "b1"] },
  m1: { names: ["b0", "b2"] },
  m2: { names: ["b3"] },
  m3: { names: [] },
  s0: { names: ["b1", "b4"], subject: "m0" },
  s1: { names: ["b5"], subject: "i0" },
  i0: { names: ["m0", "m1", "m3"] },
  i1: { names: ["m1", "m2", "i0"] },
};
const TEXTS = Object.keys(CONTENT);

const command = fc.record({
  what: fc.constantFrom("put", "put", "put", "put", "evict", "evict", "pull", "untag", "remove", "collect", "attach"),
  repository: fc.constantFrom(...REPOSITORIES),
  text: fc.constantFrom(...TEXTS),
  other: fc.constantFrom(...TEXTS),
  tag: fc.constantFrom("1", "2", null),
  kind: fc.constantFrom("cached" as const, "cached" as const, "pushed" as const),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

async function run(store: MetadataStore, { what, repository, text, other, tag, kind }: Command, atMs: number) {
  const digest = digestOf(text);
  switch (what) {
    case "put":
    case "attach": {
      const { names = [], subject = null } = CONTENT[text] ?? {};
      const mediaType = text.startsWith("i") ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
      const [, signature] = attachmentTagsOf(digestOf(other));
      const tags = what === "attach" ? [signature ?? ""] : tag === null ? [] : [tag];
      const put = putOf(
        { digest, mediaType, bytes: new Uint8Array(3) },
        {
          references: names.map((name) => digestOf(name)),
          tags: tags as Tag[],
          subject: subject === null ? null : digestOf(subject),
          kind,
          atMs,
        },
      );
      await store.manifests.putManifest(repository, put);
      for (const blob of names.filter((name) => name.startsWith("b"))) {
        await store.links.linkBlob(repository, digestOf(blob), 1 << Number(blob[1]), 1, "cached");
      }
      return null;
    }
    case "evict": {
      const image = await store.space.measure(repository, digest, 1e9);
      return image === null ? null : store.space.evict(image, atMs);
    }
    case "pull":
      return store.pulls.notePulls([{ repository, digest, atMs }]);
    case "untag":
      return tag === null ? null : store.tags.deleteTag(repository, tag as Tag, kind === "pushed", atMs);
    case "remove":
      return store.manifests.deleteManifest(repository, digest, true, atMs);
    case "collect":
      await store.collection.collectLinks(1e9);
      return null;
  }
}

async function contentOf(store: MetadataStore): Promise<unknown> {
  const images = [];
  for (const repository of REPOSITORIES) {
    const held = await store.space.listManifests(repository, { after: null, limit: 100 });
    images.push([repository, held, await store.tags.listTags(repository, { after: null, limit: 100 })]);
    for (const digest of held) {
      const image = await store.space.measure(repository, digest, 1e9);
      images.push(image && { ...image, parts: [...image.parts].sort(), blobs: [...image.blobs].sort() });
    }
  }
  return [
    images,
    await store.space.listByUse(null, 100),
    await store.space.listRepositorySpace({ after: null, limit: 9 }),
  ];
}

test("SQLite measures and evicts as the plain store in memory does, whatever happens before", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
      const [plain, sqlite] = [memoryMetadata(), await openSqlite()];
      let atMs = 10;
      for (const one of commands) {
        atMs++;
        expect(await run(sqlite, one, atMs)).toEqual(await run(plain, one, atMs));
        expect(await contentOf(sqlite)).toEqual(await contentOf(plain));
      }
      await sqlite.close();
    }),
    { numRuns: 100 },
  );
}, 120_000);
