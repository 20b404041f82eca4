import { expect, test } from "bun:test";
import { parseImagePattern, parseNamePattern } from "./image-pattern.ts";
import type { RepositoryName } from "./repository-name.ts";
import type { Tag } from "./tag.ts";

test.each([
  ["**", "**"],
  ["team/**", "local/team/**"],
  ["nginx", "local/nginx"],
  ["local/team/*", "local/team/*"],
  ["docker.io/nginx", "docker.io/library/nginx"],
  ["docker.io/*", "docker.io/library/*"],
  ["docker.io/**", "docker.io/**"],
  ["registry-1.docker.io/team/*", "docker.io/team/*"],
  ["quay.io:443/x/*", "quay.io/x/*"],
  ["10.0.0.9:5000/**", "10.0.0.9:5000/**"],
  ["[::1]:5000/**", "[::1]:5000/**"],
  ["localhost/x", "localhost/x"],
  ["*.example.com/**", "*.example.com/**"],
  ["*/library/nginx", "*/library/nginx"],
  ["registry.*.example/app", "registry.*.example/app"],
])("%p is %p", (text, full) => {
  expect(parseNamePattern(text).text).toBe(full);
});

test.each([
  "",
  "/",
  "/x",
  "x/",
  "a//b",
  "Team/x",
  "quay.io",
  "local",
  "docker.io",
  "a b",
  "x@sha256:0",
  "a".repeat(600),
])("%p is none", (text) => {
  expect(() => parseNamePattern(text)).toThrow("is not a pattern of names");
});

test("a registry alone is told how to be written", () => {
  expect(() => parseNamePattern("quay.io")).toThrow("write quay.io/** for all of its images");
});

test.each([
  ["team/**", "local/team/app", true],
  ["team/**", "docker.io/team/app", false],
  ["**", "quay.io/x", true],
  ["docker.io/nginx", "docker.io/library/nginx", true],
  ["*/library/*", "docker.io/library/nginx", true],
])("%p of %p: %p", (text, name, expected) => {
  expect(parseNamePattern(text).matches(name as RepositoryName)).toBe(expected);
});

test.each([
  ["team/app:v*", "local/team/app:v*", "v1", true],
  ["team/app:v*", "local/team/app:v*", "dev", false],
  ["10.0.0.9:5000/app:1", "10.0.0.9:5000/app:1", "1", true],
  ["docker.io/nginx:1.*", "docker.io/library/nginx:1.*", "1.27", true],
])("%p is %p, and of the tag %p: %p", (text, full, tag, expected) => {
  const pattern = parseImagePattern(text);
  expect(pattern.text).toBe(full);
  expect(pattern.tag?.matches(tag as Tag)).toBe(expected);
});

test("the tag may be left open, and must be one", () => {
  expect(parseImagePattern("10.0.0.9:5000/app").tag).toBeNull();
  for (const text of ["app:", "app:a b", "app:v[1]", "quay.io:x"]) {
    expect(() => parseImagePattern(text)).toThrow("is not a pattern of names");
  }
});
