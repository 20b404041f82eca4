import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Digest, digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { MetadataStore } from "../metadata.ts";
import { openSqliteMetadata } from "./metadata-sqlite.ts";

const HERE = "local/app" as RepositoryName;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-collection-"));
  path = join(folder, "larder.db");
});
afterEach(() => rm(folder, { recursive: true }));

function put({ manifests }: MetadataStore, text: string, references: readonly Digest[]): Promise<readonly Digest[]> {
  const bytes = new TextEncoder().encode(text);
  return manifests.putManifest(HERE, {
    manifest: { digest: digestOf(bytes), mediaType: "application/vnd.oci.image.manifest.v1+json", bytes },
    requiredBlobs: references,
    borrowFrom: [],
    requiredManifests: [],
    references,
    subject: null,
    tags: [],
    kind: "pushed",
    isPart: false,
    atMs: 1,
  });
}

/** Stores images of a blob each, and removes every second one. The blobs: those that are needed, and those that are not. */
async function removeHalf(store: MetadataStore, count: number) {
  const [needed, removed]: [Digest[], Digest[]] = [[], []];
  for (let index = 0; index < count; index++) {
    const blob = digestOf(`blob ${index}`);
    await store.links.linkBlob(HERE, blob, 1, 1);
    await put(store, `image ${index}`, [blob]);
    (index % 2 === 0 ? needed : removed).push(blob);
    if (index % 2 === 1) await store.manifests.deleteManifest(HERE, digestOf(`image ${index}`), false, 1);
  }
  return { needed, removed };
}

/** Looks into the database, or changes it, behind the store's back. */
function within<T>(work: (database: Database) => T): T {
  const database = new Database(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function count(database: Database, table: string): number {
  return database.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
}

test("what was noted nowhere is found in a slow round, which goes on where the last larder was", async () => {
  const first = openSqliteMetadata(path);
  const { needed, removed } = await removeHalf(first, 30);
  await first.links.unlinkBlob(HERE, removed[0] as Digest);
  await first.close();
  within((database) => {
    for (const list of ["released", "unlinked"]) database.run(`DELETE FROM ${list}`);
  });
  const collected = { links: 0, blobs: [] as Digest[] };
  for (let round = 0; round < 20; round++) {
    const store = openSqliteMetadata(path, 4);
    collected.links += (await store.collection.collectLinks(1000)).links;
    const unlinked = await store.collection.listUnlinkedBlobs({ after: null, limit: 100 });
    collected.blobs.push(...(await store.transitions.takeAway(unlinked, "unlinked", async (going) => going)));
    if (round === 0) expect(collected.blobs.length).toBeLessThan(removed.length);
    await store.close();
  }
  expect(collected.links).toBe(removed.length - 1);
  expect(collected.blobs.toSorted()).toEqual(removed.toSorted());
  within((database) => {
    expect(count(database, "manifest")).toBe(needed.length);
    expect(count(database, "manifest_reference")).toBe(needed.length);
    expect(count(database, "blob")).toBe(needed.length);
  });
});

test("with nothing to do, nothing is written", async () => {
  const store = openSqliteMetadata(path);
  await removeHalf(store, 10);
  await store.collection.collectLinks(1000);
  const { size } = Bun.file(`${path}-wal`);
  expect(await store.collection.collectLinks(1000)).toEqual({ manifests: 0, links: 0 });
  expect(Bun.file(`${path}-wal`).size).toBe(size);
  await store.close();
});

test("what very many links were released by leaves others their turns, and is taken as a whole", async () => {
  const store = openSqliteMetadata(path);
  const blobs = Array.from({ length: 10_000 }, (_, index) => digestOf(`layer ${index}`));
  for (const blob of blobs.slice(0, 5000)) void store.links.linkBlob(HERE, blob, 1, 1);
  for (const blob of blobs.slice(5000)) void store.links.linkBlob(HERE, blob, 1, 10);
  expect(await put(store, "large", blobs)).toEqual([]);
  await store.manifests.deleteManifest(HERE, digestOf("large"), false, 1);
  for (const blob of blobs.slice(5000)) void store.links.touchLink(HERE, blob, 10);
  const progress = { links: 0, isDone: false };
  const collecting = store.collection.collectLinks(1000).then(({ links }) => {
    progress.links = links;
    progress.isDone = true;
  });
  let turns = 0;
  for (; !progress.isDone; turns++) await setImmediate();
  await collecting;
  expect(turns).toBeGreaterThan(5);
  expect(progress.links).toBe(blobs.length);
  await store.close();
  within((database) => {
    for (const table of ["repository_blob", "manifest", "manifest_reference", "released"]) {
      expect({ table, rows: count(database, table) }).toEqual({ table, rows: 0 });
    }
    expect(count(database, "unlinked")).toBe(blobs.length);
  });
});

test("a large manifest is noted before it is complete, and what a crash leaves of it is collected", async () => {
  const first = openSqliteMetadata(path);
  const blobs = Array.from({ length: 1000 }, (_, index) => digestOf(`layer ${index}`));
  for (const blob of blobs) void first.links.linkBlob(HERE, blob, 1, 1);
  await put(first, "large", blobs);
  await first.close();
  within((database) => {
    expect(count(database, "released")).toBe(1);
    // As a crash leaves it: not all was written, and no repository holds it.
    database.run("DELETE FROM manifest_reference WHERE digest IN (SELECT digest FROM manifest_reference LIMIT 300)");
    database.run("DROP TRIGGER repository_manifest_released");
    database.run("DELETE FROM repository_manifest");
  });
  const store = openSqliteMetadata(path, 0);
  await store.collection.collectLinks(1000);
  await store.close();
  within((database) => {
    for (const table of ["manifest", "manifest_reference", "released"]) {
      expect({ table, rows: count(database, table) }).toEqual({ table, rows: 0 });
    }
  });
});
