import { expect, test } from "bun:test";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { parseTag } from "../../oci/tag.ts";
import { MemoryTagLists } from "../../storage/memory/tag-lists-memory.ts";
import type { TagList } from "../../storage/tag-lists.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { BestEffortWrites } from "./best-effort-writes.ts";
import { KeptTagLists } from "./kept-tag-lists.ts";

const MINUTE_MS = 60_000;
const nameOf = (text: string) => `registry.test/${text}` as RepositoryName;
const listOf = (count: number, fetchedAtMs = 0): TagList => ({
  tags: Array.from({ length: count }, (_, index) => parseTag(`tag-${index}`)),
  isCut: false,
  fetchedAtMs,
});

/** A store that counts, and can fail. */
class CountingStore extends MemoryTagLists {
  reads = 0;
  writes = 0;
  isFull = false;

  override async getTagList(repository: RepositoryName) {
    this.reads++;
    return super.getTagList(repository);
  }

  override async putTagList(repository: RepositoryName, list: TagList) {
    if (this.isFull) throw new Error("the disk is full");
    this.writes++;
    return super.putTagList(repository, list);
  }
}

function opened(limitBytes?: number) {
  const store = new CountingStore();
  const bestEffort = new BestEffortWrites(new LineLog(() => {}, "error", Date.now), () => 0);
  return { store, kept: new KeptTagLists(store, bestEffort, limitBytes) };
}

test("lists are kept in bounded memory, those not asked for longest going first; the store has the others", async () => {
  const { store, kept } = opened(100_000);
  for (let index = 0; index < 50; index++) {
    await kept.set(nameOf(`more/${index}`), listOf(200));
    expect(await kept.get(nameOf("more/0"))).not.toBeNull();
  }
  expect(store.reads).toBe(0);
  let inMemory = 0;
  for (let index = 49; index > 0; index--) {
    const before = store.reads;
    expect(await kept.get(nameOf(`more/${index}`))).toEqual(listOf(200));
    if (store.reads === before) inMemory++;
  }
  expect(inMemory).toBeGreaterThan(5);
  expect(inMemory).toBeLessThan(15);
});

test("a list takes the place of an earlier one, and one that is too large of no other", async () => {
  const { store, kept } = opened(100_000);
  for (let round = 0; round < 100; round++) await kept.set(nameOf("same"), listOf(1000));
  await kept.set(nameOf("other"), listOf(10));
  await kept.set(nameOf("huge"), listOf(100_000));
  store.reads = 0;
  expect((await kept.get(nameOf("same")))?.tags).toHaveLength(1000);
  expect(await kept.get(nameOf("other"))).not.toBeNull();
  expect(store.reads).toBe(0);
});

test("a list that has not changed is written down now and then, one that has at once", async () => {
  const { store, kept } = opened();
  for (let minute = 0; minute < 15; minute++) await kept.set(nameOf("app"), listOf(3, minute * MINUTE_MS));
  expect(store.writes).toBe(2);
  expect((await kept.get(nameOf("app")))?.fetchedAtMs).toBe(14 * MINUTE_MS);
  await kept.set(nameOf("app"), listOf(4, 14 * MINUTE_MS));
  await kept.set(nameOf("app"), { ...listOf(4, 14 * MINUTE_MS), isCut: true });
  expect(store.writes).toBe(4);
  await kept.delete(nameOf("app"));
  expect(await kept.get(nameOf("app"))).toBeNull();
});

test("one that cannot be written down is kept in memory", async () => {
  const { store, kept } = opened();
  store.isFull = true;
  await kept.set(nameOf("app"), listOf(3));
  expect(await kept.get(nameOf("app"))).toEqual(listOf(3));
});
