import { expect, test } from "bun:test";
import { remembered } from "./remembered.ts";

test("the same text is worked out once, null is an answer, and what throws is asked again", () => {
  const asked: string[] = [];
  const parse = remembered((text) => {
    asked.push(text);
    if (text === "bad") throw new Error("bad");
    return text === "" ? null : { text };
  });
  expect(parse("a")).toBe(parse("a"));
  expect([parse(""), parse("")]).toEqual([null, null]);
  expect(() => parse("bad")).toThrow("bad");
  expect(() => parse("bad")).toThrow("bad");
  expect(asked).toEqual(["a", "", "bad", "bad"]);
});

test("neither many texts nor a long one fill memory", () => {
  let asked = 0;
  const length = remembered((text) => {
    asked++;
    return text.length;
  });
  for (let round = 0; round < 2; round++) for (let index = 0; index < 5000; index++) length(`t${index}`);
  expect(asked).toBeGreaterThan(5000);
  asked = 0;
  const long = "x".repeat(2000);
  expect([length(long), length(long), asked]).toEqual([2000, 2000, 2]);
});
