import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { Turns } from "../lib/async/turns.ts";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { imageSearchContract } from "./image-search.contract.ts";
import { putOf } from "./manifest-put.fixture.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import type { MetadataStore } from "./metadata.ts";
import { sqliteMetadata } from "./sqlite/metadata-sqlite.ts";
import { SqliteDatabase } from "./sqlite/sqlite-database.ts";
import { SqliteImageSearch } from "./sqlite/sqlite-image-search.ts";

imageSearchContract("search in memory", async () => memoryMetadata(), 100);

for (const slice of [1, 2, 5000])
  imageSearchContract(`search in SQLite, ${slice} tags a slice`, () => openSqlite(slice), 15);

async function openSqlite(sliceTags: number, limitTags?: number): Promise<MetadataStore> {
  const folder = await mkdtemp(join(tmpdir(), "larder-search-"));
  const database = new SqliteDatabase(join(folder, "larder.db"));
  const turns = new Turns();
  const store = sqliteMetadata(database, turns);
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, imageSearch: new SqliteImageSearch(database, turns, sliceTags, limitTags), close };
}

test("a question that would look at more tags than it may says that there are more", async () => {
  const store = await openSqlite(2, 4);
  const bytes = Buffer.from("{}");
  const manifest = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes };
  const tags = ["1", "2", "3", "4", "5"] as Tag[];
  await store.manifests.putManifest("local/x" as RepositoryName, putOf(manifest, { tags }));
  const filter = { namespace: null, words: [], kind: null, isSigned: null, isMeant: null };
  const { signal } = new AbortController();
  const found = await store.imageSearch.find(
    filter,
    { by: "name", descending: false },
    { offset: 0, limit: 9 },
    signal,
  );
  expect(found).toMatchObject({ total: 4, isCut: true, tags: { length: 4 } });
  expect(await store.imageSearch.tally(filter, signal)).toMatchObject({ isCut: true, repositories: [{ tags: 4 }] });
  await store.close();
});
