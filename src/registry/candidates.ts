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

/**
 * One step of the search. `accept` says what counts there: a pushed tag alone; what is stored, pushed or cached;
 * or, besides that, what upstream has.
 */
export type Candidate = { readonly target: Target; readonly accept: "pushed" | "stored" | "upstream" };

/**
 * The steps of the search for `target`, in their order. For a registry's name: what was pushed under it, what was
 * pushed to `local` ("my build, whatever registry the manifest names"), then the registry's own. For a name of `local`:
 * what was pushed there, the registries that names without one belong to, then any that has just that path.
 */
export function candidatesOf(target: Target, order: SearchOrder): readonly Candidate[] {
  const { namespace, path } = target;
  if (namespace !== LOCAL) {
    const own: Candidate = { target, accept: "upstream" };
    if (!order.localAnswersForAll) return [own];
    const local = localPaths(target).map(
      (path): Candidate => ({ target: { namespace: LOCAL, path }, accept: "pushed" }),
    );
    return [{ target, accept: "pushed" }, ...local, own];
  }
  const unqualified = order.unqualified.map((namespace) => ({ namespace, path: qualify(namespace, path) }));
  const searched = new Set(unqualified.map(nameOf));
  const flat = order.standIns.map((namespace) => ({ namespace, path })).filter((other) => !searched.has(nameOf(other)));
  return [
    { target, accept: "stored" },
    ...unqualified.map((target): Candidate => ({ target, accept: "upstream" })),
    ...flat.map((target): Candidate => ({ target, accept: "stored" })),
  ];
}

/** The repositories of the search, each once, `target` itself first. */
export function candidateNames(target: Target, order: SearchOrder): readonly RepositoryName[] {
  return [...new Set([nameOf(target), ...candidatesOf(target, order).map((candidate) => nameOf(candidate.target))])];
}

/** Those of the search that upstream may be asked for. */
export function upstreamTargets(target: Target, order: SearchOrder): readonly Target[] {
  return candidatesOf(target, order)
    .filter(({ accept }) => accept === "upstream")
    .map((candidate) => candidate.target);
}

/** The full name of a target. */
export function nameOf(target: Target): RepositoryName {
  return repositoryName(target.namespace, target.path);
}

/** docker.io's `nginx` and `library/nginx` are one image; a push to either under larder's own address means it. */
function localPaths({ namespace, path }: Target): readonly RepositoryPath[] {
  const isOfficial = namespace === DOCKER_HUB && path.startsWith("library/");
  return isOfficial ? [path, path.slice("library/".length) as RepositoryPath] : [path];
}

function qualify(namespace: Namespace, path: RepositoryPath): RepositoryPath {
  return namespace === DOCKER_HUB && !path.includes("/") ? (`library/${path}` as RepositoryPath) : path;
}
