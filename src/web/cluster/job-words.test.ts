import { expect, test } from "bun:test";
import { countsInWords, progressOf, speedOf } from "./job-words.ts";

test("what became of a list is said in words, and how far it is", () => {
  const counts = { waiting: 2, brought: 3, present: 1, failed: 1, cancelled: 0 };
  expect(countsInWords({ counts })).toBe("3 brought, 1 here before, 1 failed, 2 to come");
  expect(progressOf({ counts })).toEqual({ done: 5, all: 7 });
  expect([speedOf(5_000_000, null), speedOf(5_000_000, 1_000_000), speedOf(0, 0)]).toEqual([
    "5.0 MB",
    "5.0 MB at 1.0 MB/s",
    "0 B",
  ]);
});
