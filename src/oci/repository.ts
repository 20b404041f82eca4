import { type Namespace, type RepositoryName, type RepositoryPath, repositoryName } from "./repository-name.ts";

/** A repository: the registry that it belongs to, and its name there. `nameOf` gives the two in one, for storage and messages. */
export type Repository = { readonly namespace: Namespace; readonly path: RepositoryPath };

/** The full name of a repository. */
export function nameOf({ namespace, path }: Repository): RepositoryName {
  return repositoryName(namespace, path);
}

/** The parts of a full name. */
export function repositoryOf(name: RepositoryName): Repository {
  const slash = name.indexOf("/");
  return { namespace: name.slice(0, slash) as Namespace, path: name.slice(slash + 1) as RepositoryPath };
}
