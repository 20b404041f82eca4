import { expect, test } from "bun:test";
import { parseSubject } from "./subject.ts";

test.each([
  ["anonymous", "anonymous"],
  ["authenticated", "authenticated"],
  ["this-machine", "this-machine"],
  ["bob", "user"],
  ["build-*", "user"],
  ["bob@example.com", "user"],
  ["token:ci", "token"],
  ["certificate:*", "certificate"],
  ["github:repo:acme/app:ref:refs/heads/main", "workload"],
])("%p is a %s", (text, kind) => expect(parseSubject(text).kind).toBe(kind as never));

test.each(["", "administrator", "a b", "token:", ":x", "a,b", "bad kind:x", "-x:y", `u${"x".repeat(600)}`])(
  "%p is nobody",
  (text) => expect(() => parseSubject(text)).toThrow(),
);

test("a star alone is everyone, whatever their names hold", () => {
  const subject = parseSubject("github:*");
  expect(subject.kind === "workload" && subject.matches("repo:acme/app:ref:refs/heads/main")).toBe(true);
});
