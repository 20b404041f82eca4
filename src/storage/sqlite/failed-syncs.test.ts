/** What is answered by a failure is not there: a transaction whose sync fails is taken back. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Turns } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { putOf } from "../manifest-put.fixture.ts";
import type { MetadataStore, StoredManifest } from "../metadata.ts";
import { sqliteMetadata } from "./metadata-sqlite.ts";
import { SqliteDatabase } from "./sqlite-database.ts";

const HERE = "local/app" as RepositoryName;
const LATER = 1_000_000;

let folder: string;
let database: SqliteDatabase;
let store: MetadataStore;
/** Do syncs fail? */
let isBroken: boolean;
let told: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-syncs-"));
  database = new SqliteDatabase(join(folder, "larder.db"));
  store = sqliteMetadata(database, new Turns());
  isBroken = false;
  told = 0;
  store.events.subscribe(() => told++);
  store.deliveries.plan(({ kind, atMs }) => [{ endpoint: "a", record: kind, atMs }]);
  const sync = async () => {
    if (isBroken) throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
  };
  database.watch({ take: () => null, sync });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function manifestOf(text: string): StoredManifest {
  const bytes = new TextEncoder().encode(text);
  return { digest: digestOf(bytes), mediaType: "application/vnd.oci.image.index.v1+json", bytes };
}

/** All that pulls and lists see. */
function visible(): unknown {
  const all = (sql: string) => database.query<Record<string, unknown>, []>(sql).all();
  return {
    // What has not been measured has one mark or another.
    tags: all(
      "SELECT repository, name, pushed, manifest, updated_at, checked_at, pulled_at, covered, max(size, -1) FROM tag",
    ),
    manifests: all("SELECT repository, manifest, subject, added_at FROM repository_manifest"),
    links: all("SELECT repository, digest FROM repository_blob"),
    settings: all("SELECT * FROM setting"),
    events: all("SELECT id, kind, repository, tag FROM event ORDER BY id"),
    deliveries: all("SELECT id, record FROM delivery ORDER BY id"),
  };
}

const BLOBS = ["a", "b", "c"].map((text) => digestOf(text));
const IMAGES = ["one", "two", "three"].map(manifestOf);
const TAGS = ["v1", "v2"] as Tag[];

type Step = (at: number) => Promise<unknown>;

const index = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(index, fc.subarray(TAGS), fc.constantFrom("pushed" as const, "cached" as const), fc.option(index)).map(
    ([image, tags, kind, subject]): Step =>
      (atMs) => {
        const manifest = IMAGES[image] ?? manifestOf("");
        const references = IMAGES.slice(image + 1).map(({ digest }) => digest);
        const more = {
          tags,
          kind,
          atMs,
          references,
          subject: subject === null ? null : (IMAGES[subject]?.digest ?? null),
        };
        return store.manifests.putManifest(HERE, putOf(manifest, more));
      },
  ),
  fc.tuple(index, fc.constantFrom("pushed" as const, "cached" as const)).map(
    ([blob, kind]): Step =>
      (atMs) =>
        store.links.linkBlob(HERE, BLOBS[blob] ?? digestOf(""), 1, atMs, kind),
  ),
  index.map(
    (blob): Step =>
      (atMs) =>
        store.links.mountBlob("local/other" as RepositoryName, BLOBS[blob] ?? digestOf(""), null, atMs),
  ),
  index.map(
    (blob): Step =>
      () =>
        store.links.unlinkBlob(HERE, BLOBS[blob] ?? digestOf("")),
  ),
  fc.tuple(fc.constantFrom(...TAGS), fc.boolean()).map(
    ([tag, withManifest]): Step =>
      (atMs) =>
        store.tags.deleteTag(HERE, tag, withManifest, atMs),
  ),
  fc.tuple(index, fc.boolean()).map(
    ([image, withChildren]): Step =>
      (atMs) =>
        store.manifests.deleteManifest(HERE, IMAGES[image]?.digest ?? digestOf(""), withChildren, atMs),
  ),
  fc.constantFrom("on", "off").map(
    (value): Step =>
      () =>
        store.settings.set("offline", value),
  ),
);

test("whatever fails to become durable is as if it had not been", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 8 }),
      fc.array(step, { minLength: 1, maxLength: 4 }),
      async (before, then) => {
        let atMs = 1;
        isBroken = false;
        for (const take of before) await take(atMs++);
        const seen = visible();
        const toldBefore = told;
        isBroken = true;
        // At once: they share a sync, and the later ones are built on the earlier.
        const outcomes = await Promise.allSettled(then.map((take) => take(atMs++)));
        expect(visible()).toEqual(seen);
        expect(told).toBe(toldBefore);
        for (const outcome of outcomes)
          if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "UNAVAILABLE" });
        isBroken = false;
        await store.collection.collectLinks(LATER);
        for (const take of then) await take(atMs++);
      },
    ),
    { numRuns: 150 },
  );
});

test("what was durable by then stays, and what follows a failure is done", async () => {
  await store.manifests.putManifest(HERE, putOf(manifestOf("one"), { tags: [TAGS[0] as Tag] }));
  isBroken = true;
  const moved = store.manifests.putManifest(HERE, putOf(manifestOf("two"), { tags: [TAGS[0] as Tag] }));
  await expect(moved).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect((await store.tags.getTagged(HERE, TAGS[0] as Tag))?.manifest.digest).toBe(manifestOf("one").digest);
  isBroken = false;
  await store.manifests.putManifest(HERE, putOf(manifestOf("two"), { tags: [TAGS[0] as Tag] }));
  expect((await store.tags.getTagged(HERE, TAGS[0] as Tag))?.manifest.digest).toBe(manifestOf("two").digest);
  expect(told).toBe(2);
});

test("the links of a manifest that was taken back have their grace again", async () => {
  for (const blob of BLOBS) await store.links.linkBlob(HERE, blob, 1, 10);
  isBroken = true;
  const put = store.manifests.putManifest(
    HERE,
    putOf(manifestOf("one"), { requiredBlobs: BLOBS, references: BLOBS, atMs: 20 }),
  );
  await expect(put).rejects.toThrow();
  isBroken = false;
  await store.collection.collectLinks(15);
  expect((await store.holdings.findLinks([HERE], BLOBS)).size).toBe(3);
});
