import { expect, test } from "bun:test";
import type { Action } from "./action.ts";
import { formatGrant, grants, parseGrant, parseNewGrant } from "./grant.ts";
import { parsePathIn, type Namespace } from "../oci/repository-name.ts";

const inRegistry = (namespace: string, path: string) => ({
  namespace: namespace as Namespace,
  path: parsePathIn(namespace as Namespace, path),
});

test.each([
  ["pull:docker.io/**", "pull:docker.io/**"],
  ["push,pull:team/**,quay.io/x", "pull,push:local/team/**,quay.io/x"],
  ["*:**", "*:**"],
  ["*", "*:**"],
  ["pull:10.0.0.9:5000/**", "pull:10.0.0.9:5000/**"],
])("%p is %p", (text, full) => {
  expect(formatGrant(parseGrant(text))).toBe(full);
  expect(formatGrant(parseGrant(full))).toBe(full);
});

test.each(["", "pull", "pull:", ":x", "read:x", "pull,:x", "pull:x,,y", "pull:X"])("%p is none", (text) => {
  expect(() => parseGrant(text)).toThrow();
});

test.each([
  ["pull:team/**", "pull", inRegistry("local", "team/app"), true],
  ["pull:team/**", "push", inRegistry("local", "team/app"), false],
  ["pull:team/**", "pull", inRegistry("docker.io", "team/app"), false],
  ["pull:docker.io/nginx", "pull", inRegistry("docker.io", "nginx"), true],
  ["*:**", "administer", null, true],
  ["*:team/**", "administer", null, false],
  ["*:a,**", "administer", null, true],
] as const)("%p: %p of %p: %p", (text, action, repository, expected) => {
  expect(grants(parseGrant(text), action as Action, repository)).toBe(expected);
});

test("who is given the administration of some names is told that there is none", () => {
  expect(() => parseNewGrant("administer:team/**")).toThrow("takes the name **");
  for (const text of ["administer:**", "*:team/**", "pull,push:team/**"]) parseNewGrant(text);
});
