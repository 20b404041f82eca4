import { expect, test } from "bun:test";
import { compileGlob } from "../../lib/text/glob.ts";
import { parseNamePattern } from "../../oci/image-pattern.ts";
import { type RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import { type Action, ACTIONS } from "../action.ts";
import { parseGrant } from "../grant.ts";
import type { Principal } from "../principal.ts";
import { DEFAULT_RULES, type Rule } from "./rule.ts";
import { RuleControl } from "./rule-control.ts";
import { parseSubject } from "./subject.ts";

function rule(
  subject: string,
  allow: readonly Action[],
  names: readonly string[],
  claims?: Record<string, string>,
): Rule {
  const globs = Object.entries(claims ?? {}).map(([name, glob]) => [name, compileGlob(glob)] as const);
  return {
    subject: parseSubject(subject),
    actions: new Set(allow),
    names: names.map(parseNamePattern),
    claims: new Map(globs),
    text: { subject, allow, names, ...(claims && { claims }) },
  };
}

const named = (name: string) => repositoryOf(name as RepositoryName);
const BOB: Principal = { kind: "user", name: "bob" };
const STRANGER: Principal = { kind: "stranger", trait: "came from 10.0.0.9" };
const HERE: Principal = { kind: "own-machine" };
const ADMINISTRATOR: Principal = { kind: "administrator" };
const CERTIFICATE: Principal = { kind: "certificate", name: "node-1" };
const JOB: Principal = {
  kind: "workload",
  provider: "github",
  name: "repo:acme/app:ref:refs/heads/main",
  claims: { repository: "acme/app", ref: "refs/heads/main", teams: ["red", "blue"] },
  expiresAtMs: 0,
};
const TOKEN: Principal = { kind: "token", name: "ci", grants: [parseGrant("pull,push:team/**")] };
const LIMITED: Principal = { kind: "user", name: "eve", grants: [parseGrant("pull:team/**")] };

const may = (control: RuleControl, principal: Principal, action: Action, name: string | null) =>
  control.decide(principal, action, name === null ? null : named(name)).isAllowed;

test("without rules all may pull, people and certificates may push, and nobody but the administrator may do more", () => {
  const control = new RuleControl(DEFAULT_RULES);
  const everything = (principal: Principal) => ACTIONS.filter((action) => may(control, principal, action, "local/x"));
  expect(everything(STRANGER)).toEqual(["pull"]);
  expect(everything(HERE)).toEqual(["pull"]);
  expect(everything(BOB)).toEqual(["pull", "push"]);
  expect(everything(CERTIFICATE)).toEqual(["pull", "push"]);
  expect(everything(JOB)).toEqual(["pull"]);
  expect(everything(ADMINISTRATOR)).toEqual([...ACTIONS]);
  expect(everything(LIMITED)).toEqual(["pull"]);
  expect(may(control, TOKEN, "push", "local/team/app")).toBe(true);
  expect(may(control, TOKEN, "push", "local/other")).toBe(false);
  expect(control.everyonePullsAll).toBe(true);
});

test.each<[string, Principal, Action, string, boolean]>([
  ["anonymous", STRANGER, "pull", "docker.io/library/nginx", true],
  ["anonymous", BOB, "pull", "docker.io/library/nginx", true],
  ["anonymous", STRANGER, "pull", "quay.io/x", false],
  ["authenticated", STRANGER, "pull", "quay.io/x", false],
  ["authenticated", HERE, "pull", "quay.io/x", false],
  ["authenticated", BOB, "pull", "quay.io/x", true],
  ["authenticated", JOB, "pull", "quay.io/x", true],
  ["authenticated but a token", TOKEN, "pull", "quay.io/x", false],
  ["authenticated but one with grants", LIMITED, "pull", "quay.io/x", false],
  ["one with grants, by them", LIMITED, "pull", "local/team/x", true],
  ["one with grants, and a rule that names them", LIMITED, "push", "local/eve/x", true],
  ["a token that a rule names", TOKEN, "pull", "local/ci/x", true],
  ["this-machine", HERE, "push", "local/here/x", true],
  ["this-machine", BOB, "push", "local/here/x", false],
  ["bob", BOB, "push", "local/bob/deep/x", true],
  ["bob's stars stop at slashes", BOB, "push", "local/one/two/x", false],
  ["bob's alone", { kind: "user", name: "bobby" }, "push", "local/bob/x", false],
  ["a certificate", CERTIFICATE, "push", "local/nodes/x", true],
  ["another one", { kind: "certificate", name: "laptop" }, "push", "local/nodes/x", false],
  ["a user called as a certificate", { kind: "user", name: "node-1" }, "push", "local/nodes/x", false],
  ["a job", JOB, "push", "local/acme/x", true],
  ["a job of another provider", { ...JOB, provider: "gitlab" }, "push", "local/acme/x", false],
  [
    "a job with another claim",
    { ...JOB, claims: { ...JOB.claims, ref: "refs/heads/dev" } },
    "push",
    "local/acme/x",
    false,
  ],
  ["a job without the claim", { ...JOB, claims: {} }, "push", "local/acme/x", false],
])("%s: %p %s %s: %p", (_, principal, action, name, expected) => {
  const control = new RuleControl([
    rule("anonymous", ["pull"], ["docker.io/**"]),
    rule("authenticated", ["pull"], ["quay.io/*"]),
    rule("this-machine", ["push"], ["here/**"]),
    rule("bob", ["push"], ["bob/**", "one/*"]),
    rule("eve", ["push"], ["eve/*"]),
    rule("token:ci", ["pull"], ["ci/*"]),
    rule("certificate:node-*", ["push"], ["nodes/*"]),
    rule("github:*", ["push"], ["acme/*"], { repository: "acme/*", ref: "refs/heads/main", teams: "blue" }),
  ]);
  expect(may(control, principal, action, name)).toBe(expected);
  if (expected) expect(control.basisOf(principal, action, named(name))).not.toBeNull();
  // What is quick says nothing that a decision would not.
  if (control.allowsEveryone(action, named(name))) expect(may(control, STRANGER, action, name)).toBe(true);
});

test("lists are for all who may pull from anything; all of larder takes a rule for all names", () => {
  const control = new RuleControl([
    rule("bob", ["pull", "administer"], ["team/**"]),
    rule("eve", ["administer"], ["**"]),
  ]);
  expect(may(control, BOB, "pull", null)).toBe(true);
  expect(may(control, STRANGER, "pull", null)).toBe(false);
  expect(may(control, BOB, "administer", null)).toBe(false);
  expect(may(control, { kind: "user", name: "eve" }, "administer", null)).toBe(true);
});

test("a view shows what a pull would be allowed of, and nothing else", async () => {
  const control = new RuleControl([
    rule("anonymous", ["pull"], ["public/**"]),
    rule("bob", ["pull"], ["team/**"]),
    rule("bob", ["push"], ["secret/**"]),
    rule("*", ["pull"], ["all/**"]),
    rule("root", ["pull"], ["**"]),
  ]);
  const names = ["local/public/a", "local/team/a", "local/secret/a", "local/all/a", "docker.io/library/nginx"];
  for (const principal of [STRANGER, HERE, BOB, JOB, TOKEN, LIMITED, CERTIFICATE]) {
    const view = control.viewOf(principal);
    for (const name of names) {
      expect(await view?.(named(name))).toBe(may(control, principal, "pull", name));
    }
  }
  expect(control.viewOf({ kind: "user", name: "root" })).toBeNull();
  expect(control.viewOf(ADMINISTRATOR)).toBeNull();
});

test("a refusal says who may not do what, and of nobody in particular that they may log in", () => {
  const control = new RuleControl(DEFAULT_RULES);
  expect(control.decide(STRANGER, "push", named("local/x"))).toMatchObject({ isAllowed: false, mayLogIn: true });
  const refusal = control.decide(BOB, "delete", named("local/x"));
  expect(refusal).toMatchObject({ isAllowed: false, mayLogIn: false });
  expect(refusal).toHaveProperty("why", expect.stringContaining("bob may not delete from local/x"));
});
