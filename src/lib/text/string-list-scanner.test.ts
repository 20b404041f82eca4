import { expect, test } from "bun:test";
import fc from "fast-check";
import { StringListScanner } from "./string-list-scanner.ts";

function scan(text: string, pieceBytes = Number.POSITIVE_INFINITY): readonly string[] {
  const scanner = new StringListScanner("tags");
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) scanner.push(bytes.subarray(at, at + pieceBytes));
  return scanner.end();
}

test("the list is found whatever else the object holds, and however it is cut", () => {
  const key = fc.oneof(fc.constant("tags"), fc.string());
  const text = fc.string({ unit: fc.oneof(fc.constantFrom('"', "\\", "/", "é"), fc.string({ maxLength: 1 })) });
  const value = fc.oneof(fc.array(text), fc.jsonValue());
  fc.assert(
    fc.property(fc.dictionary(key, value), fc.integer({ min: 1, max: 7 }), fc.boolean(), (object, size, pretty) => {
      const { tags } = object;
      const isList = Array.isArray(tags) && tags.every((one) => typeof one === "string");
      const text = JSON.stringify(object, null, pretty ? 2 : 0);
      if (isList) expect(scan(text, size)).toEqual(tags as string[]);
      else if (tags === undefined || tags === null) expect(scan(text, size)).toEqual([]);
      else expect(() => scan(text, size)).toThrow(SyntaxError);
    }),
  );
});

test("what is no object, or has no end, is refused", () => {
  for (const text of ["", "<html>", '"tags"', '["tags"]', '{"tags":["a"]', '{"tags":["a"]}}', '{"tags":["a', "null"]) {
    expect(() => scan(text)).toThrow(SyntaxError);
  }
});

test("a list of anything but strings is refused, one of strings in the depth is another", () => {
  for (const list of ["[1]", '["a",null]', '[["a"]]', '[{"a":"b"}]', '"a"', "5", "true", '{"a":["b"]}']) {
    expect(() => scan(`{"tags":${list}}`)).toThrow(SyntaxError);
  }
  expect(scan('{"manifest":{"sha256:1":{"tags":["x"],"n":1}},"name":"tags","tags":["a"],"more":["b"]}')).toEqual(["a"]);
});

test("a string that is too long is passed over", () => {
  expect(scan(`{"tags":["a","${"x".repeat(5000)}","b"],"${"k".repeat(5000)}":["c"]}`)).toEqual(["a", "b"]);
});
