import { expect, test } from "bun:test";
import { ExpiringMap } from "./expiring-map.ts";

test("a value is there for its lifetime, and no longer", () => {
  let now = 0;
  const map = new ExpiringMap<string, number>(10, 100, () => now);
  map.set("a", 1);
  now = 9;
  expect(map.get("a")).toBe(1);
  now = 10;
  expect(map.get("a")).toBeNull();
});

test("the oldest goes when there are too many", () => {
  const map = new ExpiringMap<number, number>(10, 3, () => 0);
  for (const key of [1, 2, 3, 1, 4]) map.set(key, key);
  expect([1, 2, 3, 4].map((key) => map.get(key))).toEqual([1, null, 3, 4]);
});
