import { expect, spyOn, test } from "bun:test";
import { Pace } from "./pace.ts";

test("what comes slowly is waited for in the beginning, and later on if it is fast enough on the whole", () => {
  let nowMs = 1000;
  const clock = spyOn(performance, "now").mockImplementation(() => nowMs);
  try {
    const pace = new Pace(10_000);
    nowMs += 9_999;
    expect(pace.isTooSlow(0)).toBe(false);
    nowMs += 1;
    expect([pace.isTooSlow(10 * 16 * 1024 - 1), pace.isTooSlow(10 * 16 * 1024)]).toEqual([true, false]);
    nowMs += 10_000;
    expect([pace.isTooSlow(10 * 16 * 1024), pace.isTooSlow(20 * 16 * 1024)]).toEqual([true, false]);
    expect(pace.elapsedSeconds).toBe(20);
  } finally {
    clock.mockRestore();
  }
});
