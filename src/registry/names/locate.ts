/**
 * Which namespace is a request for? The order is the one of the design: `ns`, the host, the path, else `local`.
 *
 * Sources: distribution-spec main, "Registry Proxying" (`ns`); containerd's hosts.toml, registries.conf and Docker's
 * mirror settings for the path prefixes `/HOST/v2/…` and `/v2/HOST/…`.
 */
import { LOCAL, looksLikeHost, type Namespace, parsePathIn, tryParseNamespace } from "../../oci/repository-name.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import type { Repository } from "../../oci/repository.ts";

/** The parts of a request that say which registry it means. */
export type Asked = {
  /** The `ns` parameter. */
  readonly ns: string | null;
  /** A host before `/v2/` in the path. */
  readonly prefix: string | null;
  /** The `Host` header. */
  readonly host: string | null;
};

/** The hosts that larder stands in for, and those that are its own. */
export type ServedHosts = {
  standsInFor(namespace: Namespace): boolean;
  /** Is this one of larder's own addresses or names? */
  isOwn(namespace: Namespace): boolean;
};

/**
 * The namespace that a request is limited to by its `ns`, path prefix or Host header; null when it came to larder's
 * own address. Throws NAME_INVALID.
 */
export function namespaceOf(asked: Asked, hosts: ServedHosts): Namespace | null {
  for (const named of [asked.ns, asked.prefix]) {
    if (named === null) continue;
    const namespace = tryParseNamespace(named);
    if (namespace === null) throw new RegistryError("NAME_INVALID", `${quoteBriefly(named)} is not a registry's host`);
    if (!hosts.isOwn(namespace)) return namespace;
  }
  return asked.host === null ? null : standInOf(asked.host, hosts);
}

/** The repository that a request names. Throws NAME_INVALID. */
export function locate(name: string, asked: Asked, hosts: ServedHosts): Repository {
  return locateUnder(name, namespaceOf(asked, hosts), hosts);
}

/** The repository that a request names under `namespace`, which `namespaceOf` found. Throws NAME_INVALID. */
export function locateUnder(name: string, namespace: Namespace | null, hosts: ServedHosts): Repository {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  if (namespace === null && first === LOCAL) {
    // The full name of what was pushed here: `local/app` is `app`, so every name of a catalog can be pulled.
    return repositoryIn(LOCAL, name.slice(slash + 1));
  }
  if (looksLikeHost(first)) {
    const inPath = tryParseNamespace(first);
    // With another namespace already known, `a.b/c` is just a name; with the same one, a mirror's path prefix.
    if (inPath !== null && (namespace === null || namespace === inPath)) {
      return repositoryIn(hosts.isOwn(inPath) ? LOCAL : inPath, name.slice(slash + 1));
    }
  }
  return repositoryIn(namespace ?? LOCAL, name);
}

function repositoryIn(namespace: Namespace, path: string): Repository {
  return { namespace, path: parsePathIn(namespace, path) };
}

function standInOf(host: string, hosts: ServedHosts): Namespace | null {
  const namespace = tryParseNamespace(host);
  if (namespace === null || hosts.isOwn(namespace)) return null;
  if (hosts.standsInFor(namespace)) return namespace;
  // A spoofed name may be reached on a port that is larder's, not the registry's.
  const portless = namespace.replace(/:\d+$/, "");
  const bare = tryParseNamespace(portless);
  return bare !== null && hosts.standsInFor(bare) ? bare : null;
}
