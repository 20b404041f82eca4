import { expect, test } from "bun:test";
import { SharedFlush } from "./shared-flush.ts";

test("a wait ends only with a flush that began after the call", async () => {
  let written = 0;
  let flushed = 0;
  let flushes = 0;
  const shared = new SharedFlush(async () => {
    const upTo = written;
    flushes++;
    await Bun.sleep(2);
    flushed = upTo;
  });
  const writers = Array.from({ length: 50 }, async (_, i) => {
    await Bun.sleep(i % 7);
    const mine = ++written;
    await shared.flush();
    expect(flushed).toBeGreaterThanOrEqual(mine);
  });
  await Promise.all(writers);
  expect(flushes).toBeLessThan(20);
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
