import { expect, test } from "bun:test";
import { SharedFlush } from "./shared-flush.ts";

test("a wait ends only with a flush that began after the call", async () => {
  let written = 0;
  let flushed = 0;
  let flushes = 0;
  const shared = new SharedFlush(async () => {
    const upTo = written;
    flushes++;
    await Bun.sleep(0);
    flushed = upTo;
  });
  const write = async () => {
    const mine = ++written;
    await shared.flush();
    expect(flushed).toBeGreaterThanOrEqual(mine);
  };
  const writers: Promise<void>[] = [];
  for (let round = 0; round < 7; round++) {
    for (let i = 0; i < 7; i++) writers.push(write());
    for (let turns = 0; turns < round; turns++) await Promise.resolve();
  }
  await Promise.all(writers);
  // One for the first writer, then one that runs and one that waits for each round at most.
  expect(flushes).toBeLessThanOrEqual(1 + 2 * 7);
});

test("a failed flush rejects those who waited for it, and the next one is tried again", async () => {
  let fail = true;
  const shared = new SharedFlush(() => (fail ? Promise.reject(new Error("disk")) : Promise.resolve()));
  const first = shared.flush();
  const second = shared.flush();
  const outcomes = await Promise.allSettled([first, second]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  fail = false;
  await shared.flush();
});
