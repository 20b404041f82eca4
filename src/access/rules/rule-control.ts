import { remembered } from "../../lib/text/remembered.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { AccessControl, Decision, PullView } from "../access-control.ts";
import { type Action, ACTIONS } from "../action.ts";
import { grants, type Grant } from "../grant.ts";
import { type Principal, principalName } from "../principal.ts";
import { isFor, type Rule } from "./rule.ts";
import { hasOwnGrants, isKnown } from "./subject.ts";

/** What a decision is made by; null: nothing allows it. */
export type Basis =
  | { readonly kind: "administrator" }
  | { readonly kind: "grant"; readonly grant: Grant }
  /** `index` is the rule's place in the list, from 0. */
  | { readonly kind: "rule"; readonly rule: Rule; readonly index: number };

const ALLOWED: Decision = { isAllowed: true };

/** Names that are remembered of one principal. */
const ALLOWED_LIMIT = 1000;

/** What everybody may do, for one action. */
type Everybody = { readonly all: boolean; readonly some: boolean; readonly name: (name: string) => boolean };

/** Decides by rules, once people were set up. It is pure: what it says depends on its arguments alone. */
export class RuleControl implements AccessControl {
  readonly knowsPeople = true;
  readonly everyonePullsAll: boolean;
  readonly rules: readonly Rule[];
  /** What a principal was allowed before: who has a token is one and the same as long as that is remembered. */
  readonly #allowed = new WeakMap<Principal, Set<string>>();
  readonly #everybody: Readonly<Record<Action, Everybody>>;

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    const open = rules.filter(({ subject }) => subject.kind === "anonymous");
    const entries = ACTIONS.map((action) => [action, everybodyBy(open, action)] as const);
    this.#everybody = Object.fromEntries(entries) as Record<Action, Everybody>;
    this.everyonePullsAll = this.#everybody.pull.all;
  }

  allowsEveryone(action: Action, repository: Repository | null): boolean {
    const { all, some, name } = this.#everybody[action];
    if (all || !some) return all;
    return repository === null ? action === "pull" : name(nameOf(repository));
  }

  decide(principal: Principal, action: Action, repository: Repository | null): Decision {
    const key = repository === null ? action : `${action} ${nameOf(repository)}`;
    const known = this.#allowed.get(principal);
    if (known?.has(key) === true) return ALLOWED;
    if (this.basisOf(principal, action, repository) !== null) {
      if (known === undefined) this.#allowed.set(principal, new Set([key]));
      else if (known.size < ALLOWED_LIMIT) known.add(key);
      return ALLOWED;
    }
    return { isAllowed: false, why: whyNot(principal, action, repository), mayLogIn: !isKnown(principal) };
  }

  viewOf(principal: Principal): PullView | null {
    if (this.everyonePullsAll || principal.kind === "administrator") return null;
    const mine = this.rules.filter((rule) => isMine(rule, principal));
    const all = [...grantsOf(principal), ...mine].filter(({ actions }) => actions.has("pull"));
    if (all.some(({ names }) => names.some(({ text }) => text === "**"))) return null;
    const sees = remembered((name) =>
      all.some((one) => one.names.some((pattern) => pattern.matches(name as RepositoryName))),
    );
    return (repository) => sees(nameOf(repository));
  }

  /** What allows somebody to do something: the first of them; null when nothing does. */
  basisOf(principal: Principal, action: Action, repository: Repository | null): Basis | null {
    if (principal.kind === "administrator") return { kind: "administrator" };
    const grant = grantsOf(principal).find((one) => grants(one, action, repository));
    if (grant !== undefined) return { kind: "grant", grant };
    for (const [index, rule] of this.rules.entries()) {
      if (isMine(rule, principal) && grants(rule, action, repository)) return { kind: "rule", rule, index };
    }
    return null;
  }

  /** May somebody do that with anything at all? */
  allowsAnything(principal: Principal, action: Action): boolean {
    if (principal.kind === "administrator") return true;
    const mine = this.rules.filter((rule) => isMine(rule, principal));
    return [...grantsOf(principal), ...mine].some(({ actions }) => actions.has(action));
  }

  /** What somebody may do with a repository, or with the registry as a whole. */
  actionsOf(principal: Principal, repository: Repository | null): readonly Action[] {
    return ACTIONS.filter((action) => this.basisOf(principal, action, repository) !== null);
  }
}

/** Does the rule count for this principal? For who was given grants, only rules do that name them, or everybody. */
function isMine(rule: Rule, principal: Principal): boolean {
  if (!isFor(rule, principal)) return false;
  return !hasOwnGrants(principal) || rule.text.subject !== "*";
}

function grantsOf(principal: Principal): readonly Grant[] {
  if (principal.kind !== "token" && principal.kind !== "user") return [];
  return principal.grants ?? [];
}

function everybodyBy(rules: readonly Rule[], action: Action): Everybody {
  const names = rules.filter(({ actions }) => actions.has(action)).flatMap((rule) => rule.names);
  return {
    all: names.some(({ text }) => text === "**"),
    some: names.length > 0,
    name: remembered((name) => names.some((pattern) => pattern.matches(name as RepositoryName))),
  };
}

const VERBS: Readonly<Record<Action, string>> = {
  pull: "pull from",
  push: "push to",
  delete: "delete from",
  administer: "administer",
};

const WHOLES: Readonly<Record<Action, string>> = {
  pull: "see lists of this larder",
  push: "push to all of larder",
  delete: "delete from all of larder",
  administer: "administer this larder",
};

/** It tells neither whether the repository is there nor what rules say of others. */
function whyNot(principal: Principal, action: Action, repository: Repository | null): string {
  const what = repository === null ? WHOLES[action] : `${VERBS[action]} ${nameOf(repository)}`;
  const who = principalName(principal);
  if (who !== null) {
    const remedy = `rules of larder's configuration (auth.rules) or \`larder user\` and \`larder token\` give rights; \`larder rules test ${who} ${action} ${repository === null ? "'**'" : nameOf(repository)}\` explains`;
    return `${who} may not ${what}: no rule allows it; ${remedy}`;
  }
  const shown =
    principal.kind === "stranger" && principal.certificateTrait !== undefined
      ? `; the client certificate of this request does not count: it ${principal.certificateTrait}`
      : "";
  return `it takes somebody who is known to ${what}: log in (docker login, podman login, larder login) with a user or token that may${shown}`;
}
