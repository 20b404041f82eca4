import { expect, test } from "bun:test";
import { parseConfiguration } from "./configuration-file.ts";
import { contradictionsOf } from "./contradictions.ts";
import { settingsFrom } from "./settings.ts";

const read = (rules: string, more = "") =>
  parseConfiguration(`# one\nauth:\n  rules:\n${rules}\n${more}`, "larder.yaml");

test("rules are read with their lines, names alone or in lists", () => {
  const { given, problems } = read(
    "    - { subject: bob, allow: pull, names: 'team/**' }\n    - subject: 'github:*'\n      allow: ['*']\n      names: [a, b]\n      claims: { ref: refs/heads/main }",
    "  oidc: [{ name: github, issuer: 'https://a.example', audience: x }]",
  );
  expect(problems).toEqual([]);
  const settings = settingsFrom(given);
  expect(contradictionsOf(settings, given)).toEqual([]);
  expect(settings.auth?.rules?.map(({ text }) => text)).toEqual([
    { subject: "bob", allow: ["pull"], names: ["team/**"] },
    { subject: "github:*", allow: ["*"], names: ["a", "b"], claims: { ref: "refs/heads/main" } },
  ]);
  expect(given.get("auth.rules")?.origin).toMatchObject({ line: 3, itemLines: [4, 5] });
});

test.each([
  ["    - { subject: bob, allow: [pul], names: [a] }", 4, "did you mean pull?"],
  ["    - { subject: bob, allow: [], names: [a] }", 4, "allow is an empty list"],
  ["    - { subject: bob, allow: pull, names: [] }", 4, "names is an empty list"],
  ["    - { subject: bob, allow: pull, names: [a, Team] }", 4, '"Team" is not a pattern'],
  ["    - { subject: bob, allow: pull, names: [quay.io] }", 4, "quay.io/**"],
  ["    - { subject: 'a b', allow: pull, names: a }", 4, '"a b" is nobody'],
  ["    - { subject: bob, allow: pull }", 4, "a rule is {"],
  ["    - { allow: pull, names: a }", 4, "a rule is {"],
  ["    - { subject: bob, allow: pull, names: a, actions: x }", 4, 'no "actions"'],
  ["    - { subject: bob, alow: pull, names: a }", 4, 'a rule has no "alow"; did you mean allow?'],
  ["    - { subject: bob, allow: [pull, administer], names: 'a/**' }", 4, "administer is about larder as a whole"],
  ["    - { subject: bob, allow: pull, names: a, claims: { ref: x } }", 4, "PROVIDER"],
  ["    - { subject: bob, allow: pull, names: a }\n    - bob", 5, "a rule is {"],
  ["    []", 3, "is an empty list"],
  ["    bob", 3, "must be a list of rules"],
])("%s", (rules, line, expected) => {
  const { problems } = read(rules);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toStartWith(`larder.yaml:${line}: auth.rules: `);
  expect(problems[0]).toContain(expected);
});

test("a provider that is not configured, and everybody's rights beside rules, are contradictions with their lines", () => {
  const { given } = read(
    "    - { subject: a, allow: pull, names: a }\n    - { subject: 'x:y', allow: pull, names: a }",
    "open: true",
  );
  const problems = contradictionsOf(settingsFrom(given), given);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toContain(
    "larder.yaml:6: open lets everyone do everything, and contradicts auth.rules (larder.yaml:3)",
  );
  expect(problems[1]).toStartWith('larder.yaml:5: auth.rules: "x:y" is nobody');
});
