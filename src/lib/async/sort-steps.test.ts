import { expect, test } from "bun:test";
import fc from "fast-check";
import { sortSteps } from "./sort-steps.ts";

function finish(texts: readonly string[]): readonly string[] {
  for (const steps = sortSteps(texts); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

test("texts come sorted, each once", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 })), (texts) => {
      expect(finish(texts)).toEqual([...new Set(texts)].sort());
    }),
  );
});

test("many texts come sorted as well, and each once", () => {
  const texts = Array.from({ length: 20_001 }, (_, index) => `v${(index * 7919) % 10_007}`);
  expect(finish(texts)).toEqual([...new Set(texts)].sort());
});

test("what is sorted is handed back as it is", () => {
  const texts = ["a", "b", "c"];
  expect(finish(texts)).toBe(texts);
});
