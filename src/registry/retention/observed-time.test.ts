import { expect, test } from "bun:test";
import { DOUBT_MS, observe, type ObservedTime } from "./observed-time.ts";

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** What looks at these times come to, one after the other. */
function look(...times: readonly number[]): ObservedTime {
  let seen: ObservedTime | null = null;
  for (const atMs of times) seen = observe(seen, atMs);
  if (seen === null) throw new Error();
  return seen;
}

test("a clock that goes on as clocks do is believed, set right by minutes or not", () => {
  expect(look(YEAR).doubtMs).toBe(0);
  expect(look(YEAR, YEAR + HOUR, YEAR + 20 * HOUR, YEAR + 20 * HOUR - 60_000).doubtMs).toBe(0);
});

test("a clock that was years ahead for an hour is never believed, nor at once when it is right again", () => {
  const ahead = Array.from({ length: 7 }, (_, at) => 5 * YEAR + at * 600_000);
  expect(look(YEAR, ...ahead).doubtMs).toBe(DOUBT_MS - HOUR);
  expect(look(YEAR, ...ahead, YEAR + HOUR).doubtMs).toBe(DOUBT_MS);
});

test("what was doubted is believed when a day was seen to go by", () => {
  const hours = Array.from({ length: 25 }, (_, at) => 2 * YEAR + at * HOUR);
  expect(look(YEAR, ...hours.slice(0, 24)).doubtMs).toBe(HOUR);
  expect(look(YEAR, ...hours).doubtMs).toBe(0);
});
