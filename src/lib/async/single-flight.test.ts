import { expect, test } from "bun:test";
import { SingleFlight } from "./single-flight.ts";

test("callers meanwhile share a run, callers afterwards begin another", async () => {
  const flight = new SingleFlight<string, number>();
  let runs = 0;
  const work = async () => {
    await Bun.sleep(2);
    return ++runs;
  };
  const outcomes = [flight.run("k", work), flight.run("k", work), flight.run("other", work)];
  expect([flight.size, flight.has("k"), flight.has("none")]).toEqual([2, true, false]);
  expect(await Promise.all(outcomes)).toEqual([1, 1, 2]);
  expect([flight.size, flight.has("k")]).toEqual([0, false]);
  expect(await flight.run("k", work)).toBe(3);
});

test("a failure is shared as well, and not remembered", async () => {
  const flight = new SingleFlight<string, number>();
  const failing = () => Promise.reject(new Error("no"));
  const outcomes = await Promise.allSettled([flight.run("k", failing), flight.run("k", failing)]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  expect(await flight.run("k", () => Promise.resolve(1))).toBe(1);
});
