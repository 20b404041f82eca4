import { expect, test } from "bun:test";
import type { Namespace } from "../../oci/repository-name.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { storageFull } from "../../storage/storage-error.ts";
import { LastingTraffic } from "./lasting-traffic.ts";
import { BestEffortWrites } from "./best-effort-writes.ts";
import { TrafficCounter } from "./traffic.ts";

const HUB = "docker.io" as Namespace;
const NOTHING = { hits: 0, misses: 0, stale: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };

const quiet = () => new BestEffortWrites({ write: () => {} }, () => 0);

test("what earlier runs counted and what this one has are told together, saved or not", async () => {
  const { statistics } = memoryMetadata();
  for (let run = 1; run <= 3; run++) {
    const counter = new TrafficCounter();
    const lasting = new LastingTraffic(counter, statistics, quiet(), () => 1);
    counter.hit(HUB, 10);
    expect((await lasting.read()).namespaces).toEqual([
      { ...NOTHING, namespace: HUB, hits: 2 * run - 1, bytesFromDisk: 10 * (2 * run - 1) },
    ]);
    await lasting.save();
    await lasting.save();
    counter.hit(HUB, 10);
    await Promise.all([lasting.save(), lasting.save()]);
    expect((await lasting.read()).namespaces).toEqual([
      { ...NOTHING, namespace: HUB, hits: 2 * run, bytesFromDisk: 20 * run },
    ]);
    expect(counter.all()).toEqual([{ ...NOTHING, namespace: HUB, hits: 2, bytesFromDisk: 20 }]);
  }
});

test("nothing is written while nothing is asked for", async () => {
  const store = memoryMetadata().statistics;
  let writes = 0;
  const counting = { ...bound(store), addTraffic: async () => void writes++ };
  const counter = new TrafficCounter();
  const lasting = new LastingTraffic(counter, counting, quiet(), () => 1);
  await lasting.save();
  expect(writes).toBe(0);
  counter.miss(HUB);
  await lasting.save();
  await lasting.save();
  expect(writes).toBe(1);
});

test("what a full disk did not take is written when there is room", async () => {
  const store = memoryMetadata().statistics;
  let isFull = true;
  const filling = {
    ...bound(store),
    addTraffic: async (added: Parameters<typeof store.addTraffic>[0]) => {
      if (isFull) throw storageFull();
      await store.addTraffic(added, 1);
    },
  };
  const counter = new TrafficCounter();
  const lasting = new LastingTraffic(counter, filling, quiet(), () => 1);
  counter.miss(HUB);
  await lasting.save();
  expect((await store.traffic()).namespaces).toEqual([]);
  expect((await lasting.read()).namespaces).toEqual([{ ...NOTHING, namespace: HUB, misses: 1 }]);
  isFull = false;
  counter.stale(HUB);
  await lasting.save();
  expect((await store.traffic()).namespaces).toEqual([{ ...NOTHING, namespace: HUB, misses: 1, stale: 1 }]);
});

test("a hundred thousand namespaces that are pushed to take no more than their share of memory", () => {
  const counter = new TrafficCounter((namespace) => namespace === HUB);
  for (let index = 0; index < 100_000; index++) counter.hit(`host-${index}.example` as Namespace, 1);
  counter.hit(HUB, 1);
  const all = counter.all();
  expect(all.length).toBe(102);
  expect(all.reduce((sum, { hits }) => sum + hits, 0)).toBe(100_001);
  expect(all.find(({ namespace }) => namespace === HUB)?.hits).toBe(1);
});

function bound(store: ReturnType<typeof memoryMetadata>["statistics"]) {
  return {
    totals: () => store.totals(),
    traffic: () => store.traffic(),
  };
}
