import { expect, test } from "bun:test";
import { ClientNodes } from "../../registry/live/client-nodes.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { StoredNode } from "../../storage/nodes.ts";
import { checkAnswer } from "./check-answer.ts";
import { listNodes } from "./nodes.ts";

async function lab(nodes: readonly Partial<StoredNode>[]) {
  const { nodes: store } = memoryMetadata();
  const full = nodes.map((node, index) => ({
    address: `10.0.0.${index + 1}`,
    runtime: "containerd",
    runtimeVersion: "2.1.4",
    firstPullMs: 1,
    lastPullMs: index,
    pulls: 1,
    hits: 1,
    misses: 0,
    stale: 0,
    bytes: 1,
    lastImage: "quay.io/a:1",
    ...node,
  }));
  await store.put(full);
  const known = new ClientNodes({ store, attempt: (_, write) => write(), now: () => 5 });
  await known.start();
  return (query: Partial<Parameters<typeof listNodes>[1]> = {}) => {
    const answer = listNodes(known, { search: "", sort: "last", order: "desc", limit: 100, ...query });
    checkAnswer("listNodes", answer);
    return answer;
  };
}

test("the node that pulled last is the first, and addresses stand in the order of their numbers", async () => {
  const ask = await lab(Array.from({ length: 11 }, () => ({})));
  expect(ask().nodes[0]?.address).toBe("10.0.0.11");
  const addresses = ask({ sort: "address", order: "asc" }).nodes.map(({ address }) => address);
  expect(addresses).toEqual(Array.from({ length: 11 }, (_, index) => `10.0.0.${index + 1}`));
});

test("pages tell of each node once, whatever they are sorted by", async () => {
  const ask = await lab(
    Array.from({ length: 25 }, (_, index) => ({ pulls: index % 3, runtime: index % 2 ? null : "cri-o" })),
  );
  for (const sort of ["address", "runtime", "first", "last", "pulls", "hits", "misses", "bytes"] as const) {
    for (const order of ["asc", "desc"] as const) {
      const seen: string[] = [];
      for (let after: string | null | undefined = undefined; after !== null; ) {
        const page: ReturnType<typeof ask> = ask({ sort, order, limit: 10, ...(after === undefined ? {} : { after }) });
        expect(page.total).toBe(25);
        seen.push(...page.nodes.map(({ address }) => address));
        after = page.next;
      }
      expect([seen.length, new Set(seen).size]).toEqual([25, 25]);
    }
  }
});

test("nodes are found by their address, program and last image", async () => {
  const ask = await lab([
    { runtime: "cri-o", runtimeVersion: "1.31.0" },
    { lastImage: "docker.io/library/nginx:1" },
    { address: "fd00::7", lastImage: null, runtime: null, runtimeVersion: null },
  ]);
  const found = (search: string) => ask({ search, sort: "address", order: "asc" }).nodes.map(({ address }) => address);
  expect(found("CRI-O 1.31")).toEqual(["10.0.0.1"]);
  expect(found("nginx")).toEqual(["10.0.0.2"]);
  expect(found("fd00")).toEqual(["fd00::7"]);
  expect(found("nothing")).toEqual([]);
});

test("a page that is none, or one of another order, is refused", async () => {
  const ask = await lab([{}, {}]);
  expect(() => ask({ after: "x" })).toThrow("not the `next`");
  const { next } = ask({ limit: 1 });
  expect(() => ask({ after: next ?? "", sort: "bytes" })).toThrow("another order");
});
