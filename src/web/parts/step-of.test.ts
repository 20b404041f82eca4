import { expect, test } from "bun:test";
import { stepOf } from "./step-of.ts";

test("arrows go round, Home and End to the ends, and other keys nowhere", () => {
  expect(["ArrowRight", "ArrowLeft", "Home", "End"].map((key) => stepOf(key, 2, 3))).toEqual([0, 1, 0, 2]);
  expect(stepOf("ArrowLeft", 0, 3)).toBe(2);
  expect(stepOf("Enter", 0, 3)).toBeNull();
});
