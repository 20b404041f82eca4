import { ACTIONS, type Action } from "../action.ts";
import { formatGrant } from "../grant.ts";
import { type Principal, principalName } from "../principal.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { parseNamePattern } from "../../oci/image-pattern.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { nameOf, type Repository, repositoryOf } from "../../oci/repository.ts";
import type { Rule } from "./rule.ts";
import type { Basis, RuleControl } from "./rule-control.ts";
import { hasOwnGrants } from "./subject.ts";

/** Whether somebody may do something, and what says so. */
export type Explanation = {
  readonly isAllowed: boolean;
  /** What decides; `none`: no rule and no grant allows it. `nobody-set-up`: rules do not count yet. */
  readonly by: "administrator" | "grant" | "rule" | "none" | "nobody-set-up";
  /** The place of the rule in the list, from 1; null where no rule decides, or one of those that count where none are written. */
  readonly rule: number | null;
  /** For people. */
  readonly reason: string;
};

/** What is explained. `isWritten`: the rules are those of larder.yaml, and not the usual ones. */
export type Question = {
  readonly control: RuleControl;
  readonly isWritten: boolean;
  readonly isSetUp: boolean;
  readonly principal: Principal;
  readonly action: Action;
  readonly repository: Repository | null;
};

/** Tells what decides. */
export function explain({ control, isWritten, isSetUp, principal, action, repository }: Question): Explanation {
  if (!isSetUp) return whileNobodyIsSetUp(principal, action);
  const basis = control.basisOf(principal, action, repository);
  const rules = isWritten ? "auth.rules" : "the usual rules, since larder.yaml has none (auth.rules)";
  if (basis === null) {
    const own = hasOwnGrants(principal) ? `what ${nameIn(principal)} was given does not have it, and ` : "";
    const what = repository === null ? "on the registry as a whole" : `on ${nameOf(repository)}`;
    return { isAllowed: false, by: "none", rule: null, reason: `${own}nothing in ${rules} allows ${action} ${what}` };
  }
  return { isAllowed: true, by: basis.kind, rule: ruleOf(basis, isWritten), reason: reasonOf(basis, principal, rules) };
}

function whileNobodyIsSetUp(principal: Principal, action: Action): Explanation {
  const isHere = principal.kind === "own-machine" || principal.kind === "administrator";
  const reason =
    "nobody is set up yet (no auth in larder.yaml, no user, no token): everybody pulls, and the machine that larder runs on does the rest";
  return { isAllowed: action === "pull" || isHere, by: "nobody-set-up", rule: null, reason };
}

function ruleOf(basis: Basis, isWritten: boolean): number | null {
  return basis.kind === "rule" && isWritten ? basis.index + 1 : null;
}

function reasonOf(basis: Basis, principal: Principal, rules: string): string {
  switch (basis.kind) {
    case "administrator":
      return "larder's own administrator may do everything";
    case "grant":
      return `${nameIn(principal)} was given ${formatGrant(basis.grant)}`;
    case "rule":
      return `rule ${basis.index + 1} of ${rules}: ${formatRule(basis.rule)}`;
    default:
      return basis satisfies never;
  }
}

function nameIn(principal: Principal): string {
  return principalName(principal) ?? "somebody";
}

/** Formats a rule for people: `bob may pull, push team/**`. */
function formatRule({ text, actions }: Rule): string {
  const words = ACTIONS.filter((action) => actions.has(action)).join(", ");
  const claims = Object.entries(text.claims ?? {}).map(([name, glob]) => `${name} ${glob}`);
  const where = claims.length === 0 ? "" : ` with ${claims.join(", ")}`;
  return `${text.subject}${where} may ${words} ${text.names.join(", ")}`;
}

/**
 * The principal that a subject without stars names, as if it had proved that: `anonymous`, `this-machine`, `administrator`,
 * `bob`, `token:ci`, `certificate:node1`, `PROVIDER:SUBJECT`. Grants of users and tokens are not known here. Throws an Error.
 */
export function principalNamed(text: string, claims: Readonly<Record<string, string>>): Principal {
  if (text === "anonymous") return { kind: "stranger", trait: "came from anywhere" };
  if (text === "this-machine") return { kind: "own-machine" };
  if (text === "administrator") return { kind: "administrator" };
  if (text === "authenticated") throw new Error("authenticated is many; name one of them");
  if (/[*\s]/.test(text) || text === "") throw new Error(`${JSON.stringify(text)} is nobody's name`);
  const colon = text.indexOf(":");
  if (colon < 0) return { kind: "user", name: text };
  const [kind, name] = [text.slice(0, colon), text.slice(colon + 1)];
  if (name === "") throw new Error(`${JSON.stringify(text)} names nobody behind the colon`);
  if (kind === "token") return { kind, name, grants: [] };
  if (kind === "certificate") return { kind, name };
  return { kind: "workload", provider: kind, name, claims, expiresAtMs: Number.MAX_SAFE_INTEGER };
}

/** The repository that a name means as patterns of rules have it: one of larder's own without a registry; null for `**`, the registry as a whole. Throws NAME_INVALID. */
export function repositoryNamed(name: string): Repository | null {
  if (name === "**") return null;
  const { text } = parseNamePattern(name);
  if (!text.includes("*")) return repositoryOf(text as RepositoryName);
  throw new RegistryError(
    "NAME_INVALID",
    `${quoteBriefly(name)} is a pattern; name one repository, or ** for the registry as a whole`,
  );
}
