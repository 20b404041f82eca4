import { expect, test } from "bun:test";
import fc from "fast-check";
import { choiceOf, queryOf, requestOf } from "./guide-choice.ts";

test("what stands in the address is what was chosen", () => {
  const choice = fc.record({
    target: fc.string({ minLength: 1 }),
    mode: fc.constantFrom(null, "http", "https", "spoof"),
    standIns: fc.string(),
    all: fc.boolean(),
    fallback: fc.boolean(),
  });
  fc.assert(
    fc.property(choice, (chosen) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(queryOf(chosen))) if (value !== undefined) query.set(name, value);
      expect(choiceOf(query)).toEqual(chosen);
    }),
  );
});

test("nothing is asked for that was not chosen", () => {
  expect(requestOf(choiceOf(new URLSearchParams()))).toEqual({ target: "containerd" });
  expect(requestOf(choiceOf(new URLSearchParams("target=k3s&mode=https&fallback=no&all=yes&stand-in=a,b")))).toEqual({
    target: "k3s",
    mode: "https",
    standIns: "a,b",
    all: "yes",
    fallback: "no",
  });
});
