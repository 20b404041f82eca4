import { expect, test } from "bun:test";
import { mapBounded } from "./map-bounded.ts";

test("results come in the order of the items, and no more than the limit run at once", async () => {
  let [running, most] = [0, 0];
  const results = await mapBounded([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await Bun.sleep(item);
    running -= 1;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test("after a failure nothing further begins, and what runs is waited for", async () => {
  const begun: number[] = [];
  let isFinished = false;
  const work = mapBounded([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error("the first");
    await Bun.sleep(5);
    isFinished = true;
  });
  await expect(work).rejects.toThrow("the first");
  await work.catch(() => {});
  expect([begun, isFinished]).toEqual([[1, 2], true]);
});

test("nothing to do is done", async () => {
  expect(await mapBounded([], 4, () => Promise.reject(new Error("never")))).toEqual([]);
});
