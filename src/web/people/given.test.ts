import { expect, test } from "bun:test";
import { givenOf, grantsOf, whyNoGrants } from "./given.ts";

test("a form that is not changed spells the grants that it was given, all of them", () => {
  for (const grants of [
    null,
    ["*:**"],
    ["pull,push:local/team/**,docker.io/**"],
    ["pull,push:local/shop/**", "pull:docker.io/**", "delete:local/shop/**:pr-*"],
    ["*:local/team/**", "pull:**"],
    ["administer:**", "pull:**"],
    ["*:**", "pull:**"],
  ])
    expect(grantsOf(givenOf(grants))).toEqual(grants);
});

test("who was given nothing is not given what rules say of all users by the way", () => {
  expect(whyNoGrants(givenOf([]))).toContain("what may be done");
});

test("each grant has to say what may be done, and on which names", () => {
  const [pull] = givenOf(["pull:team/**"]).some;
  if (pull === undefined) throw new Error("a grant is a row");
  expect(whyNoGrants({ kind: "some", some: [pull] })).toBeNull();
  expect(whyNoGrants({ kind: "some", some: [pull, { actions: [], names: "**" }] })).toContain("what may be done");
  expect(whyNoGrants({ kind: "some", some: [{ actions: ["pull"], names: " , " }, pull] })).toContain("on which names");
  expect(whyNoGrants({ kind: "everything", some: [{ actions: [], names: "" }] })).toBeNull();
});
