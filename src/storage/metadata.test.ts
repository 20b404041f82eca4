import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Turns } from "../lib/async/turns.ts";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { ManifestPut } from "./metadata.ts";
import { metadataContract } from "./metadata.contract.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata, sqliteMetadata } from "./sqlite/metadata-sqlite.ts";
import { SqliteTagIndex } from "./sqlite/sqlite-tag-index.ts";
import { putOf } from "./manifest-put.fixture.ts";
import { SqliteDatabase } from "./sqlite/sqlite-database.ts";

metadataContract("metadata in memory", async () => memoryMetadata());

metadataContract("metadata in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});

metadataContract("metadata in SQLite whose slices of tags are tiny", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const database = new SqliteDatabase(join(folder, "larder.db"));
  const store = sqliteMetadata(database, new Turns());
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, tagIndex: new SqliteTagIndex(database, 3), close };
});

test("the database is readable by its owner alone, and its content survives being closed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const path = join(folder, "larder.db");
  const session = { id: "s", repository: "local/x" as RepositoryName, startedAtMs: 1 };
  const first = openSqliteMetadata(path);
  await first.sessions.createSession(session);
  await first.close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const second = openSqliteMetadata(path);
  expect(await second.sessions.getSession("s")).toEqual(session);
  await second.close();
  await rm(folder, { recursive: true });
});

test("an index of very many manifests is removed with them in turns, which leave others theirs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  let turns = 0;
  const nextRound = (callback: () => void) => {
    turns++;
    setImmediate().then(callback, callback);
  };
  const database = new SqliteDatabase(join(folder, "larder.db"));
  const { manifests, tags, repositories, collection } = sqliteMetadata(database, new Turns({ turnMs: 0.5, nextRound }));
  const here = "local/large" as RepositoryName;
  const put = (bytes: Uint8Array, mediaType: string, more: Partial<ManifestPut>) =>
    manifests.putManifest(here, putOf({ digest: digestOf(bytes), mediaType, bytes }, more));
  const children = Array.from({ length: 2000 }, (_, index) => Buffer.from(`child ${index}`));
  await Promise.all(children.map((bytes) => put(bytes, MEDIA_TYPE.ociManifest, { isPart: true })));
  const listed = children.map((bytes) => digestOf(bytes));
  const index = { references: listed, requiredManifests: listed, tags: ["v1" as Tag] };
  expect(await put(Buffer.from("index"), MEDIA_TYPE.ociIndex, index)).toEqual([]);
  await collection.collectLinks(2);
  turns = 0;
  expect(await tags.deleteTag(here, "v1" as Tag, true, 1)).toBe("pushed");
  expect(turns).toBeGreaterThan(5);
  expect(await repositories.hasRepository(here)).toBe(false);
  database.close();
  await rm(folder, { recursive: true });
});

test("a manifest of very many blobs leaves others their turns, and is not seen before it is complete", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const { manifests, links } = store;
  const here = "local/large" as RepositoryName;
  const references = Array.from({ length: 30_000 }, (_, index) => digestOf(`layer ${index}`));
  const bytes = new TextEncoder().encode("large");
  const manifest = { digest: digestOf(bytes), mediaType: "application/vnd.oci.image.manifest.v1+json", bytes };
  const [requiredBlobs, borrowFrom, requiredManifests, tags] = [[], [], [], []];
  const [subject, kind, isPart, atMs] = [null, "cached", false, 1] as const;
  const more = { requiredBlobs, borrowFrom, requiredManifests, subject, tags, kind, isPart, atMs };
  const progress = { isDone: false };
  const putting = manifests.putManifest(here, { manifest, references, ...more }).then(() => {
    progress.isDone = true;
  });
  let turns = 0;
  for (; !progress.isDone; turns++) {
    const isSeen = (await manifests.getManifest(here, manifest.digest)) !== null;
    if (isSeen) for (const digest of references.slice(-2)) expect(await links.isReferenced(here, digest)).toBe(true);
    await setImmediate();
  }
  await putting;
  expect(turns).toBeGreaterThan(30);
  await store.close();
  await rm(folder, { recursive: true });
});

test("what a crash left of a large manifest is completed when it is put again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const path = join(folder, "larder.db");
  await openSqliteMetadata(path).close();
  const bytes = new TextEncoder().encode("cut off");
  const digest = digestOf(bytes);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const left = new Database(path);
  left.run("INSERT INTO manifest (digest, media_type, bytes) VALUES (?, ?, ?)", [digest, mediaType, bytes]);
  left.run("INSERT INTO manifest_reference (manifest, digest) VALUES (?, ?)", [digest, digestOf("first")]);
  left.close();
  const store = openSqliteMetadata(path);
  const { manifests, links } = store;
  const here = "local/large" as RepositoryName;
  await manifests.putManifest(here, {
    manifest: { digest, mediaType, bytes },
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: [],
    references: [digestOf("first"), digestOf("second")],
    subject: null,
    tags: [],
    kind: "pushed",
    isPart: false,
    atMs: 1,
  });
  expect(await links.isReferenced(here, digestOf("second"))).toBe(true);
  await store.close();
  await rm(folder, { recursive: true });
});

test("a database of a newer larder is refused, not misread", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const path = join(folder, "larder.db");
  const newer = new Database(path);
  newer.run("PRAGMA user_version = 999");
  newer.close();
  expect(() => openSqliteMetadata(path)).toThrow("newer larder");
  await rm(folder, { recursive: true });
});
