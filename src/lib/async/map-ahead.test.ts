import { expect, test } from "bun:test";
import { mapAhead } from "./map-ahead.ts";

test("results come in order, and no more than the limit is begun ahead of who takes them", async () => {
  let [begun, taken] = [0, 0];
  const ahead: number[] = [];
  const work = async (item: number) => {
    ahead.push(++begun - taken);
    await Promise.resolve();
    return item * 2;
  };
  const results: number[] = [];
  for await (const result of mapAhead([1, 2, 3, 4, 5, 6, 7], 3, work)) {
    taken++;
    results.push(result);
  }
  expect(results).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(Math.max(...ahead)).toBe(3);
});

test("a failure is thrown in its turn, and nothing begins after it", async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item >= 2) throw new Error(`item ${item}`);
    return item;
  };
  const results: number[] = [];
  const all = async () => {
    for await (const result of mapAhead([1, 2, 3, 4, 5], 2, work)) results.push(result);
  };
  await expect(all()).rejects.toThrow("item 2");
  expect(results).toEqual([1]);
  expect(begun).toEqual([1, 2, 3]);
});
