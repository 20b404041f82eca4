/**
 * Where to look for what a client asks for: the order in which repositories may answer for one another.
 */
import {
  DOCKER_HUB,
  LOCAL,
  type Namespace,
  type RepositoryName,
  type RepositoryPath,
  repositoryName,
} from "../oci/repository-name.ts";
import type { Target } from "./locate.ts";

/** Settings of the search. */
export type SearchOrder = {
  /** Where names of `local` that are not there are looked for. */
  readonly unqualified: readonly Namespace[];
  readonly standIns: readonly Namespace[];
  /** Does a push to `local` answer for the same path of every registry? */
  readonly localAnswersForAll: boolean;
};

/** One repository to look in. `pushedOnly`: cached content there does not count. */
export type Candidate = { readonly target: Target; readonly pushedOnly: boolean };

/** The repositories that may answer for `target`, best first, `target` itself at the head. */
export function candidatesOf(target: Target, order: SearchOrder): readonly Candidate[] {
  const { namespace, path } = target;
  if (namespace !== LOCAL) return withLocal(target, order);
  const searched = order.unqualified.flatMap((unqualified) =>
    withLocal({ namespace: unqualified, path: qualify(unqualified, path) }, { ...order, localAnswersForAll: false }),
  );
  const flat = order.standIns.map((standIn) => ({ target: { namespace: standIn, path }, pushedOnly: false }));
  return dedupe([{ target, pushedOnly: false }, ...searched, ...flat]);
}

/** The names of those repositories. */
export function candidateNames(target: Target, order: SearchOrder): readonly RepositoryName[] {
  return candidatesOf(target, order).map((candidate) => nameOf(candidate.target));
}

/** The full name of a target. */
export function nameOf(target: Target): RepositoryName {
  return repositoryName(target.namespace, target.path);
}

function withLocal(target: Target, order: SearchOrder): readonly Candidate[] {
  const own: Candidate = { target, pushedOnly: false };
  if (!order.localAnswersForAll) return [own];
  const local = [target.path];
  // docker.io's `nginx` and `library/nginx` are one image; a push to either under larder's own address means it.
  if (target.namespace === DOCKER_HUB && target.path.startsWith("library/")) {
    local.push(target.path.slice("library/".length) as RepositoryPath);
  }
  return [own, ...local.map((path) => ({ target: { namespace: LOCAL, path }, pushedOnly: true }))];
}

function qualify(namespace: Namespace, path: RepositoryPath): RepositoryPath {
  return namespace === DOCKER_HUB && !path.includes("/") ? (`library/${path}` as RepositoryPath) : path;
}

function dedupe(candidates: readonly Candidate[]): readonly Candidate[] {
  const seen = new Set<RepositoryName>();
  return candidates.filter(({ target }) => {
    const name = nameOf(target);
    return !seen.has(name) && seen.add(name);
  });
}
