import { expect, test } from "bun:test";
import { takesSignals } from "./takes-signals.ts";

test("a process runs until it has ended; what is no number of one does not", async () => {
  const child = Bun.spawn(["sleep", "60"]);
  expect(takesSignals(child.pid)).toBe(true);
  child.kill();
  await child.exited;
  expect(takesSignals(child.pid)).toBe(false);
  for (const number of [0, -1, 1.5, Number.NaN]) expect(takesSignals(number)).toBe(false);
});
