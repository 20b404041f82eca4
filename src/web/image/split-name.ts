/** The parts of a full name, as larder prints it: `docker.io/library/nginx:1.27`, `local/app@sha256:…`. */
export type NameParts = {
  readonly namespace: string;
  readonly path: string;
  readonly tag: string | null;
  readonly digest: string | null;
};

/** Splits a full name. */
export function splitName(name: string): NameParts {
  const at = name.indexOf("@");
  const digest = at < 0 ? null : name.slice(at + 1);
  const rest = at < 0 ? name : name.slice(0, at);
  const colon = rest.lastIndexOf(":");
  const hasTag = colon > rest.lastIndexOf("/");
  const repository = hasTag ? rest.slice(0, colon) : rest;
  const slash = repository.indexOf("/");
  return {
    namespace: repository.slice(0, Math.max(0, slash)),
    path: repository.slice(slash + 1),
    tag: hasTag ? rest.slice(colon + 1) : null,
    digest,
  };
}

/** The name of a manifest in the same repository, by its digest. */
export function nameByDigest(name: string, digest: string): string {
  const { namespace, path } = splitName(name);
  return `${namespace}/${path}@${digest}`;
}
