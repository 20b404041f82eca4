import { describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { ManifestPut, MetadataStore, TagKind } from "./metadata.ts";
import { type NamespaceTraffic, TRAFFIC_NAMESPACES } from "./statistics.ts";

/** What `statistics.ts` promises, for one implementation. Each test has a store of its own. */
export function statisticsContract(name: string, open: () => Promise<MetadataStore>): void {
  const withStore = (run: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await run(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "a new store holds nothing, and nothing was answered",
      withStore(async ({ statistics }) => {
        expect(await statistics.totals()).toEqual({
          blobs: 0,
          blobBytes: 0,
          manifests: 0,
          repositories: 0,
          pushedTags: 0,
          cachedTags: 0,
          uploads: 0,
        });
        const { sinceMs, namespaces } = await statistics.traffic();
        expect(sinceMs).toBeGreaterThan(0);
        expect(namespaces).toEqual([]);
      }),
    );

    test(
      "the totals go along with what comes and goes",
      withStore(async ({ statistics, manifests, tags, links, sessions, collection, transitions }) => {
        const [here, there] = ["local/here", "local/there"] as RepositoryName[] as [RepositoryName, RepositoryName];
        const [one, two] = [digestOf("one"), digestOf("two")];
        for (const repository of [here, there]) await links.linkBlob(repository, one, 10, 1);
        await links.linkBlob(here, two, 5, 1);
        await links.linkBlob(here, two, 7, 1);
        expect(await statistics.totals()).toMatchObject({ blobs: 2, blobBytes: 17, repositories: 0 });
        await manifests.putManifest(here, putOf("m", ["v1", "v2"], "pushed"));
        await manifests.putManifest(here, putOf("m", ["v1"], "cached"));
        await manifests.putManifest(here, putOf("n", ["v2"], "pushed"));
        await manifests.putManifest(there, putOf("m", ["v1"], "cached"));
        await sessions.createSession({ id: "s", repository: here, startedAtMs: 1 });
        const full = { manifests: 2, repositories: 2, pushedTags: 2, cachedTags: 2, uploads: 1 };
        expect(await statistics.totals()).toMatchObject(full);
        // Its tags go with a manifest.
        await manifests.deleteManifest(there, digestOf("m"), false, 1);
        await manifests.deleteManifest(here, digestOf("n"), false, 1);
        await tags.deleteTag(here, "v1" as Tag, false, 1);
        await sessions.deleteSession("s");
        await links.unlinkBlob(here, two);
        await collection.collectLinks(2);
        await transitions.takeAway([one, two], "unlinked", async (going) => going);
        const left = { manifests: 1, repositories: 1, pushedTags: 0, cachedTags: 1, uploads: 0 };
        expect(await statistics.totals()).toEqual({ blobs: 0, blobBytes: 0, ...left });
      }),
    );

    test(
      "traffic adds up by namespace, and its beginning stays",
      withStore(async ({ statistics }) => {
        const { sinceMs } = await statistics.traffic();
        await statistics.addTraffic([trafficOf("quay.io", 1), trafficOf("docker.io", 2)], 1);
        await statistics.addTraffic([], 1);
        await statistics.addTraffic([trafficOf("docker.io", 2 ** 40)], 1);
        expect(await statistics.traffic()).toEqual({
          sinceMs,
          namespaces: [trafficOf("docker.io", 2 ** 40 + 2), trafficOf("quay.io", 1)],
        });
      }),
    );

    test(
      "of very many namespaces the first ones are counted each for itself, and nothing is lost",
      withStore(async ({ statistics }) => {
        const names = Array.from({ length: TRAFFIC_NAMESPACES + 100 }, (_, index) => `n${index}.example`);
        await statistics.addTraffic(
          names.slice(0, TRAFFIC_NAMESPACES - 1).map((name) => trafficOf(name, 1)),
          1,
        );
        await statistics.addTraffic(
          names.slice(TRAFFIC_NAMESPACES - 1).map((name) => trafficOf(name, 1)),
          1,
        );
        await statistics.addTraffic([trafficOf("n0.example", 1)], 1);
        const { namespaces } = await statistics.traffic();
        expect(namespaces.length).toBe(TRAFFIC_NAMESPACES + 1);
        expect(namespaces).toContainEqual(trafficOf("other", 100));
        expect(namespaces).toContainEqual(trafficOf("n0.example", 2));
      }),
    );
  });
}

function trafficOf(namespace: string, hits: number): NamespaceTraffic {
  const [misses, stale, bytesFromDisk, bytesFromUpstream] = [2 * hits, 3 * hits, 4 * hits, 5 * hits];
  return { namespace: namespace as Namespace, hits, misses, stale, bytesFromDisk, bytesFromUpstream };
}

function putOf(text: string, tags: readonly string[], kind: TagKind): ManifestPut {
  return {
    manifest: { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: Buffer.from(text) },
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: [],
    references: [],
    subject: null,
    tags: tags as readonly Tag[],
    kind,
    isPart: false,
    atMs: 1,
  };
}
