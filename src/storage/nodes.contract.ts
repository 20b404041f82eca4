import { describe, expect, test } from "bun:test";
import type { MetadataStore } from "./metadata.ts";
import { NODES_KEPT, type StoredNode } from "./nodes.ts";

/** What `nodes.ts` promises, for one implementation. Each test has a store of its own. */
export function nodesContract(name: string, open: () => Promise<MetadataStore>): void {
  const nodeOf = (address: string, lastPullMs: number, more: Partial<StoredNode> = {}): StoredNode => ({
    address,
    runtime: "containerd",
    runtimeVersion: "2.1.4",
    firstPullMs: 1,
    lastPullMs,
    pulls: 3,
    hits: 5,
    misses: 2,
    stale: 1,
    bytes: 2 ** 40,
    lastImage: "docker.io/library/nginx:1.27",
    ...more,
  });
  const withStore = (run: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await run(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "what is put is there, and takes the place of what was known of the same address",
      withStore(async ({ nodes }) => {
        expect(await nodes.list()).toEqual([]);
        const nobody = nodeOf("fd00::7", 9, { runtime: null, runtimeVersion: null, lastImage: null });
        await nodes.put([nodeOf("10.0.0.1", 5), nobody]);
        await nodes.put([nodeOf("10.0.0.1", 7, { pulls: 4, runtimeVersion: "2.2.0" })]);
        await nodes.put([]);
        const all = (await nodes.list()).toSorted((a, b) => a.lastPullMs - b.lastPullMs);
        expect(all).toEqual([nodeOf("10.0.0.1", 7, { pulls: 4, runtimeVersion: "2.2.0" }), nobody]);
      }),
    );

    test(
      "of too many those go that have not pulled for longest",
      withStore(async ({ nodes }) => {
        const many = Array.from({ length: NODES_KEPT }, (_, index) =>
          nodeOf(`10.1.${index >> 8}.${index & 255}`, index),
        );
        await nodes.put(many);
        await nodes.put([nodeOf("10.9.0.1", NODES_KEPT + 1), nodeOf("10.9.0.2", NODES_KEPT)]);
        const addresses = new Set((await nodes.list()).map(({ address }) => address));
        expect(addresses.size).toBe(NODES_KEPT);
        expect(["10.1.0.0", "10.1.0.1", "10.1.0.2", "10.9.0.1"].map((one) => addresses.has(one))).toEqual([
          false,
          false,
          true,
          true,
        ]);
      }),
    );
  });
}
