import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { Changes } from "./changes.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test("what goes on changing is told once a second, the last time included", () => {
  const changes = new Changes();
  const told: string[] = [];
  changes.subscribe((what) => void told.push(what));
  for (let time = 0; time < 1000; time++) changes.moved("fetches");
  changes.moved("recordings");
  expect(told).toEqual([]);
  jest.advanceTimersByTime(1000);
  expect(told).toEqual(["fetches", "recordings"]);
  changes.moved("fetches");
  changes.changed("fetches");
  jest.advanceTimersByTime(1000);
  expect(told.slice(2)).toEqual(["fetches", "fetches"]);
  jest.advanceTimersByTime(5000);
  expect(told).toHaveLength(4);
});
