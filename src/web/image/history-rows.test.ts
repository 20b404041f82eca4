import { expect, test } from "bun:test";
import fc from "fast-check";
import { historyRows } from "./history-rows.ts";
import { instructionOf } from "./instruction-of.ts";

const step = (created_by: string, empty_layer = false) => ({ created_by, empty_layer });

test("steps that make no layer stand between those that do", () => {
  const { rows, note } = historyRows(2, { history: [step("a"), step("b", true), step("c")] });
  expect(rows.map((row) => [row.kind === "layer" ? row.layer : null, row.step?.command])).toEqual([
    [0, "a"],
    [null, "b"],
    [1, "c"],
  ]);
  expect(note).toBeNull();
});

test.each([
  ["none", 2, {}, "tells no history"],
  ["no list", 2, { history: "x" }, "tells no history"],
  ["fewer steps than layers", 3, { history: [step("a")] }, "of 1 of 3 layers"],
  ["more steps than layers", 1, { history: [step("a"), step("b"), step("c")] }, "2 more layers than there are"],
  ["junk for steps", 1, { history: [null, 7, "x", [], { created_by: 7 }] }, "1 more layer than there are"],
])("a history with %s says so", (_, layers, config, words) => {
  expect(historyRows(layers, config).note).toContain(words);
});

test("every layer is there once, in order, and every step, whatever the history says", () => {
  const anything = fc.oneof(fc.anything(), fc.record({ created_by: fc.string(), empty_layer: fc.boolean() }));
  fc.assert(
    fc.property(fc.nat(20), fc.array(anything, { maxLength: 30 }), (layers, history) => {
      const { rows } = historyRows(layers, { history });
      const shown = rows.flatMap((row) => (row.kind === "layer" ? [row.layer] : []));
      expect(shown).toEqual(Array.from({ length: layers }, (_, at) => at));
      const steps = history.filter((one) => typeof one === "object" && one !== null);
      expect(rows.filter((row) => row.step !== null)).toHaveLength(steps.length);
    }),
  );
});

test.each([
  ["/bin/sh -c #(nop)  ENV A=b", "ENV A=b"],
  ['/bin/sh -c #(nop) CMD ["sh"]', 'CMD ["sh"]'],
  ["/bin/sh -c apt-get update", "RUN apt-get update"],
  ["RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"],
  ["|1 VERSION=3 /bin/sh -c make", "RUN make"],
  ["RUN |2 A=1 B=2 /bin/sh -c a\nb # buildkit", "RUN a\nb"],
  ["COPY x / # buildkit", "COPY x /"],
  ["bazel build //...", "bazel build //..."],
])("%p is the instruction %p", (createdBy, instruction) => {
  expect(instructionOf(createdBy)).toBe(instruction);
});
