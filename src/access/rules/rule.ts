import type { NamePattern } from "../../oci/image-pattern.ts";
import { parseNamePattern } from "../../oci/image-pattern.ts";
import type { Action } from "../action.ts";
import type { Principal } from "../principal.ts";
import { isMeant, parseSubject, type Subject } from "./subject.ts";

/** Lets somebody do something with some repositories. Rules only allow: what none allows is refused. */
export type Rule = {
  readonly subject: Subject;
  readonly actions: ReadonlySet<Action>;
  readonly names: readonly NamePattern[];
  /** What the claims of a workload's token have to match, each one of them; of a claim that is a list, one of its texts. */
  readonly claims: ReadonlyMap<string, (text: string) => boolean>;
  /** As it was written. */
  readonly text: RuleText;
};

/** A rule as larder.yaml has it. */
type RuleText = {
  readonly subject: string;
  readonly allow: readonly string[];
  readonly names: readonly string[];
  readonly claims?: Readonly<Record<string, string>>;
};

/** Is the rule for this principal? */
export function isFor({ subject, claims }: Rule, principal: Principal): boolean {
  if (!isMeant(subject, principal)) return false;
  if (claims.size === 0) return true;
  if (principal.kind !== "workload") return false;
  for (const [name, matches] of claims) {
    const claim = Object.hasOwn(principal.claims, name) ? principal.claims[name] : undefined;
    const texts = claim === undefined ? [] : typeof claim === "string" ? [claim] : claim;
    if (!texts.some(matches)) return false;
  }
  return true;
}

function usual(subject: string, allow: readonly Action[]): Rule {
  return {
    subject: parseSubject(subject),
    actions: new Set(allow),
    names: [parseNamePattern("**")],
    claims: new Map(),
    text: { subject, allow, names: ["**"] },
  };
}

/** The rules where people were set up and none were given: all may pull; people and certificates may push, too. */
export const DEFAULT_RULES: readonly Rule[] = [
  usual("anonymous", ["pull"]),
  usual("*", ["pull", "push"]),
  usual("certificate:*", ["pull", "push"]),
];
