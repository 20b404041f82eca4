import { describe, expect, test } from "bun:test";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { MetadataStore, TagKind } from "./metadata.ts";
import type { RottenBlob, VerificationPass } from "./verification.ts";

const [HERE, THERE] = ["local/here", "quay.io/there"] as [RepositoryName, RepositoryName];
const [ONE, TWO] = [digestOf("one"), digestOf("two")].sort() as [Digest, Digest];

/** What `verification.ts` promises, for one implementation. Each test has a store of its own. */
export function verificationContract(name: string, open: () => Promise<MetadataStore>): void {
  const withStore = (run: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await run(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "how far a pass has come is remembered, and blobs are listed in the order of their digests",
      withStore(async ({ verification, links }) => {
        expect(await verification.readPass()).toBeNull();
        const pass: VerificationPass = {
          startedAtMs: 5,
          endedAtMs: null,
          after: ONE,
          blobs: 1,
          bytes: 2 ** 40,
          rotten: 1,
          lastEndedAtMs: null,
        };
        await verification.savePass({ ...pass, after: null });
        await verification.savePass(pass);
        expect(await verification.readPass()).toEqual(pass);
        for (const digest of [TWO, ONE]) await links.linkBlob(HERE, digest, 3, 1);
        expect(await verification.listBlobs({ after: null, limit: 9 })).toEqual([
          { digest: ONE, size: 3 },
          { digest: TWO, size: 3 },
        ]);
        expect(await verification.listBlobs({ after: null, limit: 1 })).toHaveLength(1);
        expect(await verification.listBlobs({ after: ONE, limit: 9 })).toEqual([{ digest: TWO, size: 3 }]);
      }),
    );

    test(
      "a rotten blob is noted once, with an event, and healed when right bytes are linked",
      withStore(async ({ rotten, links, events }) => {
        expect(await rotten.note(found(ONE))).toBe(false);
        await links.linkBlob(HERE, ONE, 3, 1);
        expect(await rotten.note(found(ONE))).toBe(true);
        expect(await rotten.note({ ...found(ONE), rot: "unreadable", sinceMs: 9 })).toBe(false);
        expect(await rotten.find(ONE)).toEqual({ ...found(ONE), rot: "unreadable" });
        expect(await rotten.list({ after: null, limit: 9 })).toHaveLength(1);
        expect(await rotten.list({ after: ONE, limit: 9 })).toEqual([]);
        expect(await rotten.count()).toEqual({ damaged: 0, missing: 0, unreadable: 1 });
        await links.linkBlob(THERE, ONE, 3, 2, "cached");
        expect(await rotten.find(ONE)).toBeNull();
        await rotten.note(found(ONE));
        expect(await rotten.heal(ONE, 4)).toBe(true);
        expect(await rotten.heal(ONE, 4)).toBe(false);
        const kinds = (await events.listAfter(0, 9)).map(({ kind, digest }) => [kind, digest]);
        const [bad, good] = [
          ["damaged", ONE],
          ["healed", ONE],
        ];
        expect(kinds).toEqual([bad, good, bad, good] as typeof kinds);
      }),
    );

    test(
      "one that is forgotten is rotten no more",
      withStore(async ({ rotten, links, collection, transitions }) => {
        await links.linkBlob(HERE, ONE, 3, 1);
        await rotten.note(found(ONE));
        await links.unlinkBlob(HERE, ONE);
        await collection.collectLinks(2);
        await transitions.takeAway([ONE], "unlinked", async (going) => going);
        expect(await rotten.count()).toEqual({ damaged: 0, missing: 0, unreadable: 0 });
        await links.linkBlob(HERE, ONE, 3, 1);
        expect(await rotten.find(ONE)).toBeNull();
      }),
    );

    test(
      "who needs a blob is told by tags, through indexes, and by digest where no tag leads to it",
      withStore(async (store) => {
        await put(store, HERE, "image", { references: [ONE], tags: ["v1", "v2"], kind: "pushed" });
        await put(store, HERE, "alone", { references: [ONE], tags: [], kind: "pushed" });
        await put(store, THERE, "child", { references: [ONE], tags: [], kind: "cached", isPart: true });
        const index = { references: [digestOf("child")], tags: ["latest"], kind: "cached" } as const;
        await put(store, THERE, "index", index);
        await put(store, THERE, "other", { references: [TWO], tags: ["no"], kind: "cached" });
        const holders = await store.rotten.findHolders(ONE, 9);
        expect(holders).toEqual([
          { repository: HERE, tag: "v1" as Tag, manifest: digestOf("image"), kind: "pushed" },
          { repository: HERE, tag: "v2" as Tag, manifest: digestOf("image"), kind: "pushed" },
          { repository: THERE, tag: "latest" as Tag, manifest: digestOf("index"), kind: "cached" },
          { repository: HERE, tag: null, manifest: digestOf("alone"), kind: null },
        ]);
        expect(await store.rotten.findHolders(ONE, 2)).toHaveLength(2);
        expect(await store.rotten.findHolders(digestOf("nobody's"), 9)).toEqual([]);
        for (const name of [THERE, HERE]) await store.links.linkBlob(name, ONE, 3, 1);
        expect(await store.rotten.findLinking(ONE, 9)).toEqual([HERE, THERE]);
        expect(await store.rotten.findLinking(ONE, 1)).toEqual([HERE]);
      }),
    );
  });
}

function found(digest: Digest): RottenBlob {
  return { digest, rot: "damaged", reason: "a bit flipped", sinceMs: 3 };
}

type Putting = {
  readonly references: readonly Digest[];
  readonly tags: readonly string[];
  readonly kind: TagKind;
  readonly isPart?: boolean;
};

async function put({ manifests }: MetadataStore, name: RepositoryName, text: string, how: Putting): Promise<void> {
  const { references, tags, kind, isPart = false } = how;
  await manifests.putManifest(name, {
    manifest: { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: Buffer.from(text) },
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: [],
    references,
    subject: null,
    tags: tags as readonly Tag[],
    kind,
    isPart,
    atMs: 1,
  });
}
