import { expect, test } from "bun:test";
import { digestOf } from "./digest.ts";
import { parsePinPattern } from "./pin-pattern.ts";
import type { RepositoryName } from "./repository-name.ts";
import type { Tag } from "./tag.ts";

const [ONE, OTHER] = [digestOf("one"), digestOf("other")];

test.each([
  ["docker.io/nginx:1.*", "docker.io/library/nginx", "1.27", ONE, true],
  ["docker.io/nginx:1.*", "docker.io/library/nginx", "2", ONE, false],
  ["docker.io/nginx:1.*", "docker.io/library/nginx", null, ONE, false],
  ["docker.io/nginx", "docker.io/library/nginx", null, ONE, true],
  ["docker.io/nginx", "docker.io/library/nginx", "2", ONE, true],
  ["team/**", "local/team/a/b", null, ONE, true],
  ["team/**", "quay.io/team/a", "1", ONE, false],
  [`quay.io/a/b@${ONE}`, "quay.io/a/b", "1", ONE, true],
  [`quay.io/a/b@${ONE}`, "quay.io/a/b", null, ONE, true],
  [`quay.io/a/b@${ONE}`, "quay.io/a/b", "1", OTHER, false],
  [`quay.io/a/b@${ONE}`, "quay.io/a/c", "1", ONE, false],
  [`**@${ONE}`, "quay.io/a/c", "1", ONE, true],
  ["**", "local/x", null, ONE, true],
])("does %s hold %s, tag %s, digest %s? %p", (text, repository, tag, digest, expected) => {
  expect(parsePinPattern(text).holds(repository as RepositoryName, tag as Tag | null, digest)).toBe(expected);
});

test("equal pins have one spelling", () => {
  expect(parsePinPattern("docker.io/nginx").text).toBe("docker.io/library/nginx");
  expect(parsePinPattern(`app@${ONE}`)).toMatchObject({ text: `local/app@${ONE}`, repository: "local/app" });
  expect(parsePinPattern("quay.io/*/x:1")).toMatchObject({ text: "quay.io/*/x:1", repository: null });
});

test.each(["", "quay.io", "a/b@sha256:1", "a/b@", "A/b", "a//b", `a:1@${ONE}`, "a:b:c d"])("%p is no pin", (text) => {
  expect(() => parsePinPattern(text)).toThrow();
});
