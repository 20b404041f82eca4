import { describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { EVENTS_KEPT, EVENTS_KEPT_MS, type NewEvent, NO_CAUSE, type StoreEvent } from "./events.ts";
import type { ManifestPut, MetadataStore } from "./metadata.ts";
import { putOf as putManifest } from "./manifest-put.fixture.ts";

const HERE = "local/app" as RepositoryName;
const TAGS = ["v1", "v2"] as [Tag, Tag];
const CAUSE = { who: "ann", from: "10.0.0.9", requestId: "r-1" };

/** What `events.ts` promises, for one implementation. */
export function eventsContract(name: string, open: () => Promise<MetadataStore>): void {
  const withStore = (work: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await work(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "what is put is told of once for each tag, with who did it, and what is refused is not",
      withStore(async ({ manifests, events }) => {
        await manifests.putManifest(HERE, putOf("a", { tags: TAGS, atMs: 7, cause: CAUSE, sizeBytes: 12 }));
        await manifests.putManifest(HERE, putOf("b", { kind: "cached", atMs: 8 }));
        await manifests.putManifest(HERE, putOf("part of an index", { isPart: true }));
        const refused = putOf("refused", { requiredBlobs: [digestOf("nowhere")], tags: TAGS });
        expect(await manifests.putManifest(HERE, refused)).not.toEqual([]);
        const [first, second, third, ...others] = await events.listAfter(0, 10);
        const pushed = { ...CAUSE, atMs: 7, kind: "pushed", repository: HERE, digest: digestOf("a"), sizeBytes: 12 };
        expect(first).toMatchObject({ ...pushed, tag: TAGS[0], mediaType: MEDIA_TYPE.ociManifest });
        expect(second).toMatchObject({ ...pushed, tag: TAGS[1] });
        expect(third).toMatchObject({ ...NO_CAUSE, kind: "cached", tag: null, digest: digestOf("b"), sizeBytes: null });
        expect(others).toEqual([]);
      }),
    );

    test(
      "what is removed is told of, and what was not there is not",
      withStore(async ({ manifests, tags, events }) => {
        await manifests.putManifest(HERE, putOf("a", { tags: TAGS }));
        const before = (await events.listBefore(null, 1))[0]?.id ?? 0;
        for (let twice = 0; twice < 2; twice++) {
          await tags.deleteTag(HERE, TAGS[0], false, 9, CAUSE);
          await manifests.deleteManifest(HERE, digestOf("a"), false, 10);
        }
        const removed = { kind: "removed", repository: HERE, digest: digestOf("a") };
        const told = await events.listAfter(before, 10);
        expect(told).toHaveLength(2);
        expect(told[0]).toMatchObject({ ...removed, ...CAUSE, tag: TAGS[0], atMs: 9 });
        expect(told[1]).toMatchObject({ ...removed, ...NO_CAUSE, tag: null, atMs: 10 });
      }),
    );

    test(
      "a large manifest is told of when all of it is there",
      withStore(async ({ manifests, events }) => {
        const references = Array.from({ length: 1000 }, (_, index) => digestOf(`layer ${index}`));
        const told: StoreEvent[] = [];
        events.subscribe((event) => told.push(event));
        const putting = manifests.putManifest(HERE, putOf("large", { references, tags: [TAGS[0]] }));
        await putting;
        expect(told.map(({ digest, tag }) => [digest, tag])).toEqual([[digestOf("large"), TAGS[0]]]);
        expect(await events.listAfter(0, 10)).toEqual(told);
      }),
    );

    test(
      "who subscribes is told of all that comes, in its order, until the end of it",
      withStore(async ({ manifests, tags, events }) => {
        const [told, others]: [StoreEvent[], StoreEvent[]] = [[], []];
        const end = events.subscribe((event) => told.push(event));
        events.subscribe((event) => others.push(event));
        await Promise.all([
          manifests.putManifest(HERE, putOf("a", { tags: TAGS })),
          manifests.putManifest(HERE, putOf("b", { tags: [TAGS[0]] })),
          tags.deleteTag(HERE, TAGS[1], true, 5),
        ]);
        end();
        await events.append(eventAt(1000));
        expect(told.map(({ id }) => id)).toEqual((await events.listAfter(0, 4)).map(({ id }) => id));
        expect(others).toEqual([...(await events.listAfter(0, 10))]);
        expect(others).toHaveLength(5);
      }),
    );

    test(
      "they are listed in both directions, by pages, and ids grow though a clock goes back",
      withStore(async ({ events }) => {
        for (const atMs of [5000, 5000, 3, 6000, 4]) await events.append(eventAt(atMs));
        const all = await events.listAfter(0, 10);
        expect(all.map(({ atMs }) => atMs)).toEqual([5000, 5000, 3, 6000, 4]);
        const ids = all.map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
        expect(await events.listAfter(ids[1] ?? 0, 2)).toEqual(all.slice(2, 4));
        expect(await events.listBefore(null, 2)).toEqual(all.slice(3).toReversed());
        expect(await events.listBefore(ids[3] ?? 0, 10)).toEqual(all.slice(0, 3).toReversed());
      }),
    );

    test(
      "no more are kept than the last ones, nor any that is old",
      withStore(async ({ events }) => {
        for (let index = 0; index < EVENTS_KEPT + 300; index++) await events.append(eventAt(10_000 + index));
        const kept = await events.listAfter(0, EVENTS_KEPT * 2);
        expect(kept.length).toBeWithin(EVENTS_KEPT - 1, EVENTS_KEPT + 200);
        expect(kept.at(-1)?.atMs).toBe(10_000 + EVENTS_KEPT + 299);
        for (let index = 0; index < 300; index++) await events.append(eventAt(10_000_000 + EVENTS_KEPT_MS + index));
        const left = await events.listAfter(0, EVENTS_KEPT * 2);
        expect(left.length).toBeWithin(1, 301);
      }),
    );
  });
}

function eventAt(atMs: number): NewEvent {
  const what = { repository: null, tag: null, digest: null, mediaType: null, sizeBytes: 1 };
  return { ...NO_CAUSE, ...what, atMs, kind: "collected" };
}

function putOf(text: string, more: Partial<ManifestPut>): ManifestPut {
  return putManifest({ digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: Buffer.from(text) }, more);
}
