import type { Reference } from "../oci/reference.ts";
import { DOCKER_HUB, LOCAL, type RepositoryPath, tryParseRepositoryPath } from "../oci/repository-name.ts";

/**
 * Where a registry that is no larder may keep an image, best first: flat as people push there, without its host, since
 * that is what a node asks a registry for that stands in for others; then under its full name; then without Docker
 * Hub's `library/`.
 */
export function plainPathsOf({ namespace, path }: Reference): readonly [RepositoryPath, ...RepositoryPath[]] {
  if (namespace === LOCAL) return [path];
  const isOfficial = namespace === DOCKER_HUB && path.startsWith("library/");
  const short = isOfficial ? path.slice("library/".length) : "";
  // A host's port is nothing that a path may hold.
  const others = [`${namespace}/${path}`, short].map(tryParseRepositoryPath).filter((other) => other !== null);
  return [path, ...others];
}
