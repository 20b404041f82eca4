import { nameOf, type Repository } from "../oci/repository.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { type Action, ACTIONS } from "./action.ts";

/**
 * What a token of larder's token server is limited to: actions on repositories, and lists of the registry as a whole. `all`:
 * nothing is left out of what its owner may.
 */
export type TokenScope = {
  readonly repositories: ReadonlyMap<RepositoryName, ReadonlySet<Action>>;
  readonly lists: boolean;
  readonly all: boolean;
};

/** Does the scope reach as far as this? It says nothing about what its owner may. */
export function covers(scope: TokenScope, action: Action, repository: Repository | null): boolean {
  if (scope.all) return true;
  if (repository === null) return action === "pull" && scope.lists;
  return scope.repositories.get(nameOf(repository))?.has(action) === true;
}

/** A scope as a token spells it: `*`, or what it covers, in words that are short. */
export type ScopeText = "*" | { readonly lists: boolean; readonly of: Readonly<Record<string, string>> };

/** Spells a scope. */
export function formatScope({ repositories, lists, all }: TokenScope): ScopeText {
  if (all) return "*";
  const of = Array.from(repositories, ([name, actions]) => [
    name,
    ACTIONS.filter((action) => actions.has(action)).join(","),
  ]);
  return { lists, of: Object.fromEntries(of) };
}

/** The scope that a token spells. */
export function parseScope(text: ScopeText): TokenScope {
  if (text === "*") return { repositories: new Map(), lists: true, all: true };
  const repositories = Object.entries(text.of).map(([name, words]) => {
    const told = new Set(words.split(","));
    return [name as RepositoryName, new Set(ACTIONS.filter((action) => told.has(action)))] as const;
  });
  return { repositories: new Map(repositories), lists: text.lists, all: false };
}
