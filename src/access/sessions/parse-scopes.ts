import { type Action, ACTIONS, tryParseAction } from "../action.ts";

/** What a token is asked for: actions on names, as clients write both, and lists of the registry as a whole. */
export type AskedScopes = {
  readonly repositories: ReadonlyMap<string, ReadonlySet<Action>>;
  readonly lists: boolean;
  /** Everything that its owner may. */
  readonly all: boolean;
};

/** Names in one question. BuildKit and containerd name those whose layers they would mount. */
const NAMES_LIMIT = 100;
const LENGTH_LIMIT = 10_000;

/**
 * Reads scopes: `repository:NAME:ACTION,…`, of which a text may hold several with blanks between, and a question several texts.
 * `*` is each action. What is of another kind, or past what anybody asks for, is left out: a smaller grant is no error.
 *
 * Source: distribution v3.0.0, docs/spec/auth/scope.md.
 */
export function parseScopes(texts: readonly string[]): AskedScopes {
  const repositories = new Map<string, Set<Action>>();
  let [lists, all, length] = [false, false, 0];
  for (const scope of texts.flatMap((text) => text.split(/\s+/))) {
    length += scope.length;
    if (length > LENGTH_LIMIT) break;
    const [first, last] = [scope.indexOf(":"), scope.lastIndexOf(":")];
    if (first < 1 || last <= first) continue;
    const [type, name] = [scope.slice(0, first).replace(/\(\w*\)$/, ""), scope.slice(first + 1, last)];
    const actions = scope
      .slice(last + 1)
      .split(",")
      .flatMap(actionsOf);
    if (type === "registry" && name === "catalog") lists = true;
    else if (type === "registry" && name === "larder") all = true;
    else if (type === "repository" && actions.length > 0) {
      if (!repositories.has(name) && repositories.size >= NAMES_LIMIT) continue;
      repositories.set(name, new Set([...(repositories.get(name) ?? []), ...actions]));
    }
  }
  return { repositories, lists, all };
}

function actionsOf(word: string): readonly Action[] {
  if (word === "*") return ACTIONS;
  const action = tryParseAction(word);
  return action === null ? [] : [action];
}
