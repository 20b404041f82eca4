import { expect, test } from "bun:test";
import { BytePace } from "./byte-pace.ts";

test("so many bytes a second are let through, and a pause is not made up for", async () => {
  const startedMs = performance.now();
  const elapsed = () => performance.now() - startedMs;
  const pace = new BytePace(() => 1_000_000, elapsed);
  const { signal } = new AbortController();
  for (let index = 0; index < 30; index++) await pace.take(10_000, signal);
  // 300 ms of work, of which the last 50 may be ahead.
  expect(elapsed()).toBeGreaterThan(240);
  await Bun.sleep(200);
  const againMs = elapsed();
  for (let index = 0; index < 20; index++) await pace.take(10_000, signal);
  expect(elapsed() - againMs).toBeGreaterThan(140);
});

test("a wait ends with its signal, and with a rate that rises", async () => {
  let rate = 1;
  const pace = new BytePace(
    () => rate,
    () => performance.now(),
  );
  const ending = new AbortController();
  setTimeout(() => ending.abort(new Error("stopped")), 10);
  await expect(pace.take(1_000_000, ending.signal)).rejects.toThrow();
  rate = 1e9;
});
