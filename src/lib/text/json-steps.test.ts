import { expect, test } from "bun:test";
import fc from "fast-check";
import { JsonTooComplex, jsonSteps } from "./json-steps.ts";

function read(text: string): { value: unknown; steps: number } {
  const reading = jsonSteps(text, 0);
  for (let steps = 1; ; steps++) {
    const { done, value } = reading.next();
    if (done === true) return { value, steps };
  }
}

function outcome(work: () => unknown): unknown {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return "no JSON";
  }
}

test("a document is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      expect(read(text).value).toEqual(JSON.parse(text));
    }),
    { numRuns: 300 },
  );
});

test("what JSON.parse refuses is refused, and nothing else", () => {
  const parts = ["{", "}", "[", "]", ",", ":", '"', "\\", '"a"', '"b"', '"__proto__"', "0", "1", "null", " ", '{"a":['];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (words) => {
      const text = words.join("");
      expect(outcome(() => read(text).value)).toEqual(outcome(() => JSON.parse(text)));
    }),
    { numRuns: 3000 },
  );
});

test("long lists are read piece by piece, whatever stands between their commas", () => {
  const entry = (index: number) => `{"digest":"${index}[,]","list":[1,{"x":"\\"],"}],"size":${index}}`;
  const entries = Array.from({ length: 20_000 }, (_, index) => entry(index));
  const text = `{"a":[],"layers":[ ${entries.join(" , ")} ],"layers2":[[1],[2]],"config":{"list":[1]}}`;
  const { value, steps } = read(text);
  expect(value).toEqual(JSON.parse(text));
  expect(steps).toBeGreaterThan(50);
});

test("where a list is cut, a hole in it is seen", () => {
  const blank = " ".repeat(70_000);
  for (const list of [`1,${blank},2`, `${blank},1`, `1,${blank}`, `1${blank},`, `${blank}1,${blank}2${blank},`]) {
    const text = `{"a":[${list}]}`;
    expect([list.trim(), outcome(() => read(text).value)]).toEqual([list.trim(), outcome(() => JSON.parse(text))]);
  }
  expect(read(`{"a":[${blank}1,${blank}2${blank}]}`).value).toEqual({ a: [1, 2] });
});

test("what cannot be cut and takes too long is refused", () => {
  const members = Array.from({ length: 400_000 }, (_, index) => `"${index}":1`).join(",");
  const bombs = ["[".repeat(4_000_000), `{"x":{${members}}}`, `{${members}}`, `[${members}]`, `{"x":[{${members}}]}`];
  for (const bomb of bombs) expect(() => read(bomb)).toThrow(JsonTooComplex);
});
