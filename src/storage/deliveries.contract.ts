import { describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { DeliveryStore, Happening, NewDelivery } from "./deliveries.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { MetadataStore } from "./metadata.ts";

const HERE = "local/app" as RepositoryName;
const OTHER = "local/other" as RepositoryName;
const TAGS = ["v1", "v2"] as [Tag, Tag];
const CAUSE = { who: "ann", from: "10.0.0.9", requestId: "r-1" };
/** The bounds that a store has to be opened with. */
export const SMALL_LIMITS = { waiting: 5, bytes: 100, givenUp: 3 };

/** What `deliveries.ts` promises, for one implementation; its bounds are `SMALL_LIMITS`. */
export function deliveriesContract(
  name: string,
  open: () => Promise<Pick<MetadataStore, "deliveries" | "close">>,
): void {
  const withStore = (work: (store: DeliveryStore) => Promise<void>) => async () => {
    const { deliveries, close } = await open();
    await work(deliveries).finally(close);
  };

  describe(name, () => {
    test(
      "what waits is handed out in its order until it is done",
      withStore(async (store) => {
        const told: string[] = [];
        store.onQueued((endpoint) => told.push(endpoint));
        await store.add([of("a", "1"), of("b", "2"), of("a", "3")]);
        expect(told).toEqual(["a", "b", "a"]);
        expect(await drain(store, "a")).toEqual(["1", "3"]);
        expect(await drain(store, "b")).toEqual(["2"]);
        expect(await store.next("nobody")).toBeNull();
      }),
    );

    test(
      "attempts are counted, and what is given up makes way and may come back to its old place",
      withStore(async (store) => {
        await store.add([of("a", "1"), of("a", "2")]);
        const first = await store.next("a");
        await store.failed(first?.id ?? 0);
        expect(await store.next("a")).toMatchObject({ record: "1", attempts: 1, atMs: 7 });
        await store.giveUp(first?.id ?? 0, "HTTP 400", 9);
        expect(await store.next("a")).toMatchObject({ record: "2", attempts: 0 });
        expect(await store.listGivenUp("a", null, 10)).toMatchObject([
          { record: "1", attempts: 1, givenUpAtMs: 9, failure: "HTTP 400" },
        ]);
        expect(await store.listGivenUp("b", null, 10)).toEqual([]);
        expect(await store.retry("b")).toBe(0);
        expect(await store.retry(null)).toBe(1);
        expect(await store.next("a")).toMatchObject({ record: "1", attempts: 0, givenUpAtMs: null, failure: null });
      }),
    );

    test(
      "one that was given up is looked at, retried or dropped by itself, and what waits is not meant",
      withStore(async (store) => {
        await store.add([of("a", "1"), of("a", "2"), of("a", "3")]);
        const ids: number[] = [];
        for (const _ of [1, 2]) {
          const id = (await store.next("a"))?.id ?? 0;
          ids.push(id);
          await store.giveUp(id, "no", 9);
        }
        const [first = 0, second = 0] = ids;
        const waiting = (await store.next("a"))?.id ?? 0;
        expect(await store.getGivenUp(first)).toMatchObject({ id: first, endpoint: "a", record: "1", failure: "no" });
        expect([await store.getGivenUp(waiting), await store.getGivenUp(999)]).toEqual([null, null]);
        expect(await store.drop("b", "given-up", first)).toBe(0);
        expect([await store.drop("a", "given-up", waiting), await store.drop("a", "all", waiting)]).toEqual([0, 0]);
        expect(await store.drop("a", "given-up", first)).toBe(1);
        expect([await store.retry("b", second), await store.retry(null, waiting)]).toEqual([0, 0]);
        expect(await store.retry("a", second)).toBe(1);
        expect(await store.next("a")).toMatchObject({ record: "2" });
        expect(await store.tallies()).toMatchObject([{ waiting: 2, givenUp: 0 }]);
      }),
    );

    test(
      "of what is given up the last ones stay, in pages",
      withStore(async (store) => {
        for (let index = 0; index < 5; index++) {
          await store.add([of("a", `${index}`)]);
          await store.giveUp((await store.next("a"))?.id ?? 0, "no", index);
        }
        const all = await store.listGivenUp(null, null, 10);
        expect(all.map(({ record }) => record)).toEqual(["4", "3", "2"]);
        const rest = await store.listGivenUp(null, all[0]?.id ?? 0, 1);
        expect(rest.map(({ record }) => record)).toEqual(["3"]);
        expect(await store.drop("a", "given-up")).toBe(3);
        expect(await store.tallies()).toMatchObject([{ endpoint: "a", waiting: 0, givenUp: 0 }]);
      }),
    );

    test(
      "the oldest goes when there are too many, or too much, and is counted",
      withStore(async (store) => {
        for (let index = 0; index < 7; index++) await store.add([of("a", `${index}`)]);
        await store.add([of("b", "x")]);
        expect(await store.tallies()).toEqual([
          { endpoint: "a", waiting: 5, waitingBytes: 5, givenUp: 0, dropped: 2 },
          { endpoint: "b", waiting: 1, waitingBytes: 1, givenUp: 0, dropped: 0 },
        ]);
        await store.add([of("a", "ü".repeat(49))]);
        expect(await store.tallies()).toMatchObject([{ waiting: 3, waitingBytes: 100, dropped: 5 }, {}]);
        await store.add([of("a", "y".repeat(500))]);
        expect(await store.tallies()).toMatchObject([{ waiting: 1, waitingBytes: 500, dropped: 8 }, {}]);
        expect(await store.drop("a", "all")).toBe(1);
        expect(await store.next("a")).toBeNull();
        expect(await store.next("b")).not.toBeNull();
      }),
    );

    test(
      "the queue of one who is gone stays for its time, and begins anew when it comes back",
      withStore(async (store) => {
        await store.add([of("a", "1"), of("b", "2")]);
        expect(await store.keepOnly(["a"], 1000, 500)).toEqual([]);
        expect(await store.keepOnly(["a", "b"], 1400, 500)).toEqual([]);
        expect(await store.keepOnly(["a"], 1600, 500)).toEqual([]);
        expect(await store.keepOnly(["a"], 2000, 500)).toEqual([]);
        expect(await store.next("b")).not.toBeNull();
        expect(await store.keepOnly(["a"], 2100, 500)).toEqual(["b"]);
        expect(await store.next("b")).toBeNull();
        expect(await store.tallies()).toMatchObject([{ endpoint: "a", waiting: 1 }]);
      }),
    );
  });
}

/** What stores of metadata tell a planner of, for one implementation. */
export function happeningsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    test("a planner is told of what happens to images and blobs, and by whom; what it says is queued", async () => {
      const store = await open();
      const { manifests, tags, links, deliveries } = store;
      const told: Happening[] = [];
      deliveries.plan((happening) => {
        told.push(happening);
        return [of("a", happening.kind)];
      });
      await links.linkBlob(HERE, digestOf("layer"), 5, 1, "pushed", CAUSE);
      await links.linkBlob(HERE, digestOf("cached"), 5, 1, "cached");
      await links.mountBlob(OTHER, digestOf("layer"), HERE, 2, "pushed", CAUSE);
      await links.mountBlob(OTHER, digestOf("nowhere"), HERE, 2, "pushed", CAUSE);
      const bytes = Buffer.from("manifest");
      const manifest = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes };
      await manifests.putManifest(HERE, putOf(manifest, { tags: TAGS, atMs: 3, cause: CAUSE, sizeBytes: 99 }));
      await manifests.putManifest(HERE, putOf(manifest, { isPart: true }));
      await tags.deleteTag(HERE, TAGS[0], false, 4, CAUSE);
      await manifests.deleteManifest(HERE, manifest.digest, false, 5, CAUSE);
      await links.unlinkBlob(OTHER, digestOf("layer"), { atMs: 6, cause: CAUSE });
      await links.unlinkBlob(OTHER, digestOf("layer"), { atMs: 6, cause: CAUSE });
      const layer = { digest: digestOf("layer"), cause: CAUSE };
      const image = { repository: HERE, digest: manifest.digest, cause: CAUSE };
      const pushed = {
        ...image,
        kind: "pushed",
        atMs: 3,
        contentBytes: 8,
        sizeBytes: 99,
        mediaType: manifest.mediaType,
      };
      expect(told).toMatchObject([
        { ...layer, kind: "blob-pushed", atMs: 1, repository: HERE, contentBytes: 5, lender: null },
        { ...layer, kind: "blob-mounted", atMs: 2, repository: OTHER, contentBytes: 5, lender: HERE },
        { ...pushed, tag: TAGS[0] },
        { ...pushed, tag: TAGS[1] },
        { ...image, kind: "removed", atMs: 4, tag: TAGS[0] },
        { ...image, kind: "removed", atMs: 5, tag: null, tags: [TAGS[1]] },
        { ...layer, kind: "blob-removed", atMs: 6, repository: OTHER },
      ]);
      expect(await drain(deliveries, "a")).toEqual(told.map(({ kind }) => kind));
      deliveries.plan(null);
      await links.linkBlob(HERE, digestOf("more"), 5, 1, "pushed", CAUSE);
      expect(told).toHaveLength(7);
      await store.close();
    });
  });
}

function of(endpoint: string, record: string): NewDelivery {
  return { endpoint, record, atMs: 7 };
}

async function drain(store: DeliveryStore, endpoint: string): Promise<readonly string[]> {
  const records: string[] = [];
  for (let next = await store.next(endpoint); next !== null; next = await store.next(endpoint)) {
    records.push(next.record);
    await store.done(next.id);
  }
  return records;
}
