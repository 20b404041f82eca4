import { expect, test } from "bun:test";
import { parseGrant } from "../grant.ts";
import type { Principal } from "../principal.ts";
import { explain, principalNamed, repositoryNamed } from "./explain.ts";
import { DEFAULT_RULES } from "./rule.ts";
import { RuleControl } from "./rule-control.ts";

const control = new RuleControl(DEFAULT_RULES);
const ask = (principal: Principal, action: "pull" | "push" | "administer", name: string, more = {}) => {
  const repository = repositoryNamed(name);
  return explain({ control, isWritten: true, isSetUp: true, principal, action, repository, ...more });
};

test("the rule, the grant or the lack of both that decides is told", () => {
  expect(ask(principalNamed("bob", {}), "push", "team/app")).toEqual({
    isAllowed: true,
    by: "rule",
    rule: 2,
    reason: "rule 2 of auth.rules: * may pull, push **",
  });
  expect(ask(principalNamed("anonymous", {}), "push", "team/app")).toMatchObject({ isAllowed: false, by: "none" });
  const token: Principal = { kind: "token", name: "ci", grants: [parseGrant("push:team/**")] };
  expect(ask(token, "push", "team/app")).toMatchObject({
    by: "grant",
    reason: "token:ci was given push:local/team/**",
  });
  expect(ask(token, "push", "x")).toMatchObject({
    isAllowed: false,
    reason: expect.stringContaining("token:ci was given"),
  });
  expect(ask(principalNamed("administrator", {}), "administer", "**")).toMatchObject({ by: "administrator" });
  expect(ask(principalNamed("bob", {}), "push", "x", { isWritten: false })).toMatchObject({
    rule: null,
    isAllowed: true,
  });
});

test("while nobody is set up, rules say nothing", () => {
  const told = (who: string, action: "pull" | "push") => ask(principalNamed(who, {}), action, "x", { isSetUp: false });
  expect(told("anonymous", "pull")).toMatchObject({ isAllowed: true, by: "nobody-set-up" });
  expect(told("bob", "push")).toMatchObject({ isAllowed: false, by: "nobody-set-up" });
  expect(told("this-machine", "push")).toMatchObject({ isAllowed: true, by: "nobody-set-up" });
});

test.each(["", "authenticated", "bob*", "a b", "token:"])("%p names nobody", (text) => {
  expect(() => principalNamed(text, {})).toThrow();
});

test("names are read as patterns of rules are, and a pattern is none", () => {
  expect(repositoryNamed("team/app")).toMatchObject({ namespace: "local", path: "team/app" });
  expect(repositoryNamed("docker.io/nginx")).toMatchObject({ namespace: "docker.io", path: "library/nginx" });
  expect(repositoryNamed("**")).toBeNull();
  expect(() => repositoryNamed("team/*")).toThrow("is a pattern");
});
