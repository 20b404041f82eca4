/**
 * Where to look for what a client asks for: the order in which repositories may answer for one another.
 */
import {
  DOCKER_HUB,
  LOCAL,
  type Namespace,
  pathIn,
  type RepositoryName,
  type RepositoryPath,
} from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";

/** The settings of the search for a repository. */
export type SearchOrder = {
  /** Where names of `local` that are not there are looked for. */
  readonly unqualified: readonly Namespace[];
  readonly standIns: readonly Namespace[];
  /** Does a push to `local` answer for the same path of every registry? */
  readonly localAnswersForAll: boolean;
};

/**
 * A step of the search. `accept` says what counts there: a pushed tag alone; anything stored, pushed or cached; or,
 * besides that, what upstream has.
 */
export type Candidate = { readonly repository: Repository; readonly accept: "pushed" | "stored" | "upstream" };

/**
 * The steps of the search for `repository`, in their order. For a registry's name: what was pushed under it, what was
 * pushed to `local` ("my build, whatever registry the manifest names"), then the registry's own. For a name of `local`:
 * what was pushed there, the registries that names without one belong to, then any that has just that path. The steps are
 * made one by one, since mostly the first one is the last.
 */
export function* candidatesOf(repository: Repository, order: SearchOrder): Generator<Candidate, void, void> {
  const { namespace, path } = repository;
  if (namespace !== LOCAL) {
    if (order.localAnswersForAll) {
      yield { repository, accept: "pushed" };
      for (const path of localPaths(repository)) yield { repository: { namespace: LOCAL, path }, accept: "pushed" };
    }
    yield { repository, accept: "upstream" };
    return;
  }
  yield { repository, accept: "stored" };
  const unqualified = order.unqualified.map((namespace) => ({ namespace, path: pathIn(namespace, path) }));
  for (const repository of unqualified) yield { repository, accept: "upstream" };
  const searched = new Set(unqualified.map(nameOf));
  for (const namespace of order.standIns) {
    const repository = { namespace, path: pathIn(namespace, path) };
    if (!searched.has(nameOf(repository))) yield { repository, accept: "stored" };
  }
}

/**
 * Which repositories whoever asks may pull from: no other one answers for what they asked for, as if it were not there.
 * Undefined: all of them.
 */
export type MayPull = ((repository: Repository) => boolean | Promise<boolean>) | undefined;

/** The steps of the search for whoever asks. Whether they may look at `repository` itself has been decided. */
export async function searchFor(
  repository: Repository,
  order: SearchOrder,
  mayPull: MayPull,
): Promise<readonly Candidate[]> {
  const all = [...candidatesOf(repository, order)];
  if (mayPull === undefined) return all;
  const own = nameOf(repository);
  const seen: Candidate[] = [];
  for (const candidate of all) {
    if (nameOf(candidate.repository) === own || (await mayPull(candidate.repository))) seen.push(candidate);
  }
  return seen;
}

/** The repositories of a search for `repository`, each once, itself first. */
export function candidateNames(repository: Repository, search: readonly Candidate[]): readonly RepositoryName[] {
  return [...new Set([nameOf(repository), ...search.map((candidate) => nameOf(candidate.repository))])];
}

/** The repositories of a search that upstream may be asked for. */
export function upstreamRepositories(search: readonly Candidate[]): readonly Repository[] {
  return search.filter(({ accept }) => accept === "upstream").map((candidate) => candidate.repository);
}

/** docker.io's `nginx` and `library/nginx` are one image; a push to either under larder's own address means it. */
function localPaths({ namespace, path }: Repository): readonly RepositoryPath[] {
  const isOfficial = namespace === DOCKER_HUB && path.startsWith("library/");
  return isOfficial ? [path, path.slice("library/".length) as RepositoryPath] : [path];
}
