import { expect, test } from "bun:test";
import type { Action } from "../action.ts";
import { parseNamePattern } from "../../oci/image-pattern.ts";
import { DEFAULT_RULES, type Rule } from "./rule.ts";
import { ruleWords } from "./rule-words.ts";
import { parseSubject } from "./subject.ts";

function rule(
  subject: string,
  allow: readonly Action[],
  names: readonly string[],
  claims?: Record<string, string>,
): Rule {
  const text = { subject, allow, names, ...(claims !== undefined && { claims }) };
  const patterns = names.map(parseNamePattern);
  return { subject: parseSubject(subject), actions: new Set(allow), names: patterns, claims: new Map(), text };
}

test("the usual rules are told in words", () => {
  expect(DEFAULT_RULES.map(ruleWords)).toEqual([
    "everybody may pull everything",
    "every user without rights of their own may pull and push everything",
    "whoever shows a client certificate may pull and push everything",
  ]);
});

test.each([
  [
    rule("bob", ["push", "pull"], ["team/**", "docker.io/**"]),
    "the user bob may pull and push team/** and docker.io/**",
  ],
  [rule("red-*", ["delete"], ["red/**"]), "users called red-* may delete red/**"],
  [
    rule("token:ci", ["pull", "push", "delete", "administer"], ["**"]),
    "the token ci may do everything with everything",
  ],
  [
    rule("github:*", ["push"], ["acme/**"], { repository: "acme/app", ref: "refs/heads/main" }),
    "jobs of github whose repository is acme/app and whose ref is refs/heads/main may push acme/**",
  ],
])("%#: %p", (one, words) => {
  expect(ruleWords(one)).toBe(words);
});
