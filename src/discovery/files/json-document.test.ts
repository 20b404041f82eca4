import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Located } from "../found/located-value.ts";
import { readJsonDocument } from "./json-document.ts";
import { JsonPartTooLarge, splitJson } from "./split-json.ts";

const read = (text: string) => readJsonDocument(text, (line) => ({ file: "f", line }));

function plain(value: Located): unknown {
  if (value.type === "scalar") return value.value;
  if (value.type === "list") return value.items.map(plain);
  return Object.fromEntries([...value.entries].map(([key, item]) => [key, plain(item)]));
}

async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function split(text: string, size = 7) {
  const documents = [];
  for await (const document of splitJson(inPieces(text, size))) documents.push(document);
  return documents;
}

describe("JSON", () => {
  test("is read as JSON.parse reads it, whatever it is", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 3 }), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        const value = read(text);
        if (value === null) return;
        expect(JSON.stringify(plain(value))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test("has lines, and scalars as they are written", () => {
    const value = read('{\n "a": [1.10,\n "x\\n\\"\\\\"],\n "b": null}\n');
    expect(value).toMatchObject({ type: "map", line: 1 });
    const list = value?.type === "map" ? value.entries.get("a") : undefined;
    expect(list).toMatchObject({
      line: 2,
      items: [
        { text: "1.10", value: 1.1, line: 2 },
        { text: 'x\n"\\', line: 3 },
      ],
    });
  });

  test.each(["{", '{"a" 1}', "[1,]", '"a', "{'a': 1}", "[1] x", "nul", '["\\x"]', '["a\nb"]', "[".repeat(100_000)])(
    "is not %j",
    (text) => expect(read(text)).toBeNull(),
  );
});

describe("JSON in pieces", () => {
  const LIST =
    '{\n "kind": "List",\n "items": [\n  {"kind": "A", "items": [{"x": "}]"}]},\n  {\n   "kind": "B"}\n ]\n}\n';

  test("gives the items of a list by themselves, with their lines, however it is cut", async () => {
    for (const size of [1, 2, 5, 1000]) {
      const documents = await split(LIST, size);
      expect(documents.map(({ firstLine }) => firstLine)).toEqual([4, 5, 1]);
      expect(documents.map(({ text }) => JSON.parse(text) as unknown)).toEqual([
        { kind: "A", items: [{ x: "}]" }] },
        { kind: "B" },
        { kind: "List", items: [] },
      ]);
    }
  });

  test("gives the maps of an array, and one value after the other", async () => {
    const texts = async (text: string) => (await split(text)).map((document) => JSON.parse(document.text) as unknown);
    expect(await texts('[{"a": 1}, {"a": [2]}]')).toEqual([{ a: 1 }, { a: [2] }, []]);
    expect(await texts('{"a": 1}\n{"b": "\\"{"}')).toEqual([{ a: 1 }, { b: '"{' }]);
    expect(await texts('{"x": {"items": [{"a": 1}]}}')).toEqual([{ x: { items: [{ a: 1 }] } }]);
  });

  test("is refused where one part is too large, and of any text comes to an end", async () => {
    expect(split(`{"a": "${"x".repeat(40 << 20)}"}`, 1 << 20)).rejects.toThrow(JsonPartTooLarge);
    const piece = fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "\\", '"items"', "\n", "1");
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (parts) => {
        const documents = await split(parts.join(""), 3);
        expect(documents.every(({ text }) => text !== "")).toBe(true);
      }),
    );
  });
});
