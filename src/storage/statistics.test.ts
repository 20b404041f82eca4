import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Turns } from "../lib/async/turns.ts";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import type { MetadataStore } from "./metadata.ts";
import initial from "./sqlite/migrations/0001-initial.sql.ts";
import { openSqliteMetadata, sqliteMetadata } from "./sqlite/metadata-sqlite.ts";
import { SqliteDatabase } from "./sqlite/sqlite-database.ts";
import { statisticsContract } from "./statistics.contract.ts";

statisticsContract("statistics in memory", async () => memoryMetadata());
statisticsContract("statistics in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-statistics-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  return { ...store, close: () => store.close().then(() => rm(folder, { recursive: true })) };
});

type Step = (store: MetadataStore) => Promise<unknown>;

const repositories = fc.constantFrom<RepositoryName>(...(["local/a", "local/b"] as RepositoryName[]));
const texts = fc.constantFrom("one", "two", "three");
const tags = fc.constantFrom<Tag>(...(["v1", "v2"] as Tag[]));
const kinds = fc.constantFrom("pushed", "cached");
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(repositories, texts, fc.nat(9)).map(
    ([repository, text, size]): Step =>
      ({ links }) =>
        links.linkBlob(repository, digestOf(text), size, 1),
  ),
  fc.tuple(repositories, texts).map(
    ([repository, text]): Step =>
      ({ links }) =>
        links.unlinkBlob(repository, digestOf(text)),
  ),
  texts.map(
    (text): Step =>
      ({ transitions }) =>
        transitions.takeAway([digestOf(text)], "unlinked", async (going) => going),
  ),
  fc.tuple(repositories, texts, tags, kinds).map(
    ([repository, text, tag, kind]): Step =>
      ({ manifests }) =>
        manifests.putManifest(repository, {
          manifest: { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: Buffer.from(text) },
          requiredBlobs: [],
          borrowFrom: [],
          requiredManifests: [],
          references: [digestOf(text)],
          subject: null,
          tags: [tag],
          kind,
          isPart: false,
          atMs: 1,
        }),
  ),
  fc.tuple(repositories, texts, fc.boolean()).map(
    ([repository, text, withChildren]): Step =>
      ({ manifests }) =>
        manifests.deleteManifest(repository, digestOf(text), withChildren, 1),
  ),
  fc.tuple(repositories, tags, fc.boolean()).map(
    ([repository, tag, withManifest]): Step =>
      (store) =>
        store.tags.deleteTag(repository, tag, withManifest, 1),
  ),
);

test("whatever comes and goes, the totals are those of who counts anew", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-statistics-"));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 30 }), async (taken) => {
      const stores = [memoryMetadata(), openSqliteMetadata(join(folder, `${run++}.db`))];
      for (const store of stores) {
        for (const step of taken) await step(store);
        // Manifests of no repository stay until they are collected.
        await store.collection.collectLinks(0);
      }
      const [counted, kept] = await Promise.all(stores.map(({ statistics }) => statistics.totals()));
      for (const store of stores) await store.close();
      expect(kept).toEqual(counted as NonNullable<typeof counted>);
    }),
    { numRuns: 30 },
  );
  await rm(folder, { recursive: true });
});

test("a store of version 0.1 is counted once, and its traffic begins when it is opened", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-statistics-"));
  const path = join(folder, "larder.db");
  const old = new Database(path, { strict: true });
  old.run(initial);
  old.run("PRAGMA user_version = 1");
  for (const [digest, size] of [
    ["a", 5],
    ["b", 6],
  ] as const)
    old.run("INSERT INTO blob VALUES (?, ?)", [digest, size]);
  old.run("INSERT INTO manifest VALUES ('m', 'type', x'00')");
  for (const name of ["quay.io/x", "quay.io/y"]) {
    old.run("INSERT INTO repository_manifest VALUES (?, 'm', NULL, 1, NULL)", [name]);
    for (const pushed of [0, 1]) old.run("INSERT INTO tag VALUES (?, 'v1', ?, 'm', 1, 1)", [name, pushed]);
  }
  old.run("INSERT INTO upload_session VALUES ('s', 'quay.io/x', 1)");
  old.close();
  const before = Date.now();
  const first = openSqliteMetadata(path);
  expect(await first.statistics.totals()).toEqual({
    blobs: 2,
    blobBytes: 11,
    manifests: 1,
    repositories: 2,
    pushedTags: 2,
    cachedTags: 2,
    uploads: 1,
  });
  const { sinceMs } = await first.statistics.traffic();
  expect(Math.abs(sinceMs - before)).toBeLessThan(60_000);
  const namespace = "quay.io" as Namespace;
  const hit = { namespace, hits: 1, misses: 0, stale: 0, bytesFromDisk: 3, bytesFromUpstream: 0 };
  await first.statistics.addTraffic([hit], 1);
  await first.close();
  const second = openSqliteMetadata(path);
  expect(await second.statistics.traffic()).toEqual({ sinceMs, namespaces: [hit] });
  await second.close();
  await rm(folder, { recursive: true });
});

test("on a full disk the counts take nothing of what is kept for those who free space", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-statistics-"));
  const spare = { isSpent: true, spend: () => false, restore: async () => {} };
  const database = new SqliteDatabase(join(folder, "larder.db"), spare);
  const { statistics } = sqliteMetadata(database, new Turns());
  const hit = {
    namespace: "quay.io" as Namespace,
    hits: 1,
    misses: 0,
    stale: 0,
    bytesFromDisk: 3,
    bytesFromUpstream: 0,
  };
  await expect(statistics.addTraffic([hit], 1)).rejects.toMatchObject({ code: "STORAGE_FULL" });
  expect((await statistics.traffic()).namespaces).toEqual([]);
  database.close();
  await rm(folder, { recursive: true });
});
