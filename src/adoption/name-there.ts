import { RegistryError } from "../oci/registry-error.ts";
import {
  LOCAL,
  looksLikeHost,
  type Namespace,
  parsePathIn,
  tryParseNamespace,
  tryParseRepositoryPath,
} from "../oci/repository-name.ts";
import type { Repository } from "../oci/repository.ts";

/** What a port is written behind in names of another registry, which have no colons. */
const PORT = /^(.+)_(\d{1,5})$/;

/**
 * The repository here that a repository of another registry's folder becomes: of the registry that its name begins with, or of
 * `namespace`. It is the one that a pull by the same name finds. Throws NAME_INVALID.
 */
export function repositoryHere(
  name: string,
  namespace: Namespace,
  isOwn: (namespace: Namespace) => boolean,
): Repository {
  const slash = name.indexOf("/");
  const [first, rest] = [name.slice(0, Math.max(0, slash)), name.slice(slash + 1)];
  const host = PORT.test(first) ? first.replace(PORT, "$1:$2") : first;
  const named = looksLikeHost(host) && (host === first || first.includes(".")) ? tryParseNamespace(host) : null;
  // The full name of what was pushed here; `local/app` is pulled as that.
  if (first === LOCAL && namespace === LOCAL) return { namespace, path: parsePathIn(namespace, rest) };
  const place = named === null ? namespace : isOwn(named) ? LOCAL : named;
  return { namespace: place, path: parsePathIn(place, named === null ? name : rest) };
}

/** The name that a repository has in another registry's folder. Throws NAME_INVALID for one that no name there can stand for. */
export function nameThere({ namespace, path }: Repository): string {
  if (namespace === LOCAL) return path;
  const name = `${namespace.replace(/:(\d+)$/, "_$1")}/${path}`;
  if (tryParseRepositoryPath(name) !== null) return name;
  throw new RegistryError(
    "NAME_INVALID",
    `${namespace}/${path} has no name in another registry, whose names have no such signs`,
  );
}
