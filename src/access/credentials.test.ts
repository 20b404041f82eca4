import { expect, test } from "bun:test";
import { readCredentials } from "./credentials.ts";

const read = (header?: string) => readCredentials(new Headers(header === undefined ? {} : { Authorization: header }));
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test("a name and a password, in UTF-8; the password may hold colons", () => {
  expect(read(basic("bob:se:cret"))).toEqual({ kind: "basic", username: "bob", password: "se:cret" });
  expect(read(basic("bj\u00f6rn:\u2713"))).toEqual({ kind: "basic", username: "bj\u00f6rn", password: "\u2713" });
  expect(read(basic("bob:").replace("Basic", "basic "))).toEqual({ kind: "basic", username: "bob", password: "" });
});

test("a token", () => {
  expect(read("Bearer abc.def")).toEqual({ kind: "bearer", token: "abc.def" });
  expect(read("bearer  abc")).toEqual({ kind: "bearer", token: "abc" });
});

test.each([undefined, basic(":")])("nobody: %p", (header) => expect(read(header)).toEqual({ kind: "none" }));

test.each([
  "",
  "Basic",
  "Basic !!!!",
  basic("no colon"),
  "Digest abc",
  "Bearer",
  "Bearer a b",
  "Bearer a, Bearer b",
  `${basic("a:b")}, ${basic("c:d")}`,
  `Bearer ${"a".repeat(20_000)}`,
])("refused without being repeated: %p", (header) => {
  expect(() => read(header)).toThrow("neither Basic, with a name");
});
