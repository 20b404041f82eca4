import { looksLikeHost, type RepositoryPath, parseRepositoryPath } from "../oci/repository-name.ts";
import { parseReference } from "../oci/reference.ts";
import { parseTag, type Tag } from "../oci/tag.ts";

/** Where in the registry an image is put. */
export type UploadName = { readonly path: RepositoryPath; readonly tag: Tag };

/**
 * The place for an image called `name`: its name without its host (`quay.io/coreos/etcd:v3` goes to `coreos/etcd:v3`,
 * `app` to `app:latest`), or with it (`quay.io/coreos/etcd:v3`, `docker.io/library/app:latest`).
 * Throws NAME_INVALID or TAG_INVALID.
 */
export function uploadName(name: string, includeHost: boolean): UploadName {
  const reference = parseReference(name);
  const tag = reference.tag ?? parseTag("latest");
  if (includeHost) return { path: parseRepositoryPath(`${reference.namespace}/${reference.path}`), tag };
  const slash = name.indexOf("/");
  if (slash >= 0 && looksLikeHost(name.slice(0, slash))) return { path: reference.path, tag };
  // As it was written: `library/` belongs to Docker Hub's name of it.
  const { path } = parseExplicitName(name);
  return { path, tag };
}

/** Reads `PATH[:TAG]`, as `--as` has it: a path below the registry, which may begin with a host. */
export function parseExplicitName(text: string): UploadName {
  const withoutDigest = text.split("@")[0] ?? text;
  const colon = withoutDigest.lastIndexOf(":");
  const hasTag = colon > withoutDigest.lastIndexOf("/");
  return {
    path: parseRepositoryPath(hasTag ? withoutDigest.slice(0, colon) : withoutDigest),
    tag: parseTag(hasTag ? withoutDigest.slice(colon + 1) : "latest"),
  };
}
