import { LOCAL, type Namespace, type RepositoryPath } from "../../oci/repository-name.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import { OTHER_NAMESPACES } from "../../storage/statistics.ts";

/** Stands for any repository of a namespace. */
const ANY_PATH = "any" as RepositoryPath;

/**
 * The name under which whoever asks is told of a namespace's traffic: `other` for one that is known by its private images
 * alone. Registries that larder stands in for are no secret: every list of them has those.
 */
export function namespaceTeller(
  upstreams: Pick<Upstreams, "knows">,
  mayPull: MayPull,
): (namespace: Namespace) => Promise<Namespace> {
  const told = new Map<Namespace, Namespace>();
  return async (namespace) => {
    if (mayPull === undefined || namespace === LOCAL || upstreams.knows(namespace)) return namespace;
    const known = told.get(namespace);
    if (known !== undefined) return known;
    const name = (await mayPull({ namespace, path: ANY_PATH })) ? namespace : OTHER_NAMESPACES;
    told.set(namespace, name);
    return name;
  };
}
