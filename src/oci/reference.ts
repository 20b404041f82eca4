/**
 * Image references as people and manifests write them, and their full form.
 *
 * Docker's rules: the first component is a registry when it holds a dot or a colon or is `localhost`; without one the
 * image is docker.io's, with `library/` before a name of one component; without tag and digest the tag is `latest`.
 * Source: distribution/reference v0.6.0 (the grammar), docker/cli (the defaults).
 */
import { type Digest, quoteBriefly, tryParseDigest } from "./digest.ts";
import { RegistryError } from "./registry-error.ts";
import {
  DOCKER_HUB,
  looksLikeHost,
  type Namespace,
  parsePathIn,
  type RepositoryPath,
  tryParseNamespace,
} from "./repository-name.ts";
import { parseTag, type Tag } from "./tag.ts";

/** An image by its full name. At least one of `tag` and `digest` is set; with both, the digest decides. */
export type Reference = {
  readonly namespace: Namespace;
  readonly path: RepositoryPath;
  readonly tag: Tag | null;
  readonly digest: Digest | null;
};

/**
 * Reads a reference: `nginx`, `quay.io/coreos/etcd:v3.5`, `10.0.0.9:5000/app@sha256:…`.
 *
 * `defaultNamespace` is where names without a registry belong; `library/` is added only for docker.io.
 * Throws NAME_INVALID, TAG_INVALID or DIGEST_INVALID.
 */
export function parseReference(text: string, defaultNamespace: Namespace = DOCKER_HUB): Reference {
  const at = text.indexOf("@");
  const digest = at < 0 ? null : referenceDigest(text, text.slice(at + 1));
  const withoutDigest = at < 0 ? text : text.slice(0, at);

  const colon = withoutDigest.lastIndexOf(":");
  const hasTag = colon > withoutDigest.lastIndexOf("/");
  const tag = hasTag ? parseTag(withoutDigest.slice(colon + 1)) : null;
  const name = hasTag ? withoutDigest.slice(0, colon) : withoutDigest;

  const { namespace, path } = splitRegistry(text, name, defaultNamespace);
  return { namespace, path, tag: tag ?? (digest === null ? ("latest" as Tag) : null), digest };
}

/** `docker.io/library/nginx:1.27`, with `@digest` when there is one. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === null ? "" : `:${reference.tag}`;
  const digest = reference.digest === null ? "" : `@${reference.digest}`;
  return `${reference.namespace}/${reference.path}${tag}${digest}`;
}

function referenceDigest(whole: string, text: string): Digest {
  const digest = tryParseDigest(text);
  if (digest === null) {
    throw new RegistryError("DIGEST_INVALID", `the reference ${quoteBriefly(whole)} has a digest that is not valid`);
  }
  return digest;
}

function splitRegistry(whole: string, name: string, fallback: Namespace) {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = slash >= 0 && (looksLikeHost(first) || first !== first.toLowerCase());
  const namespace = isHost ? tryParseNamespace(first) : fallback;
  if (namespace === null) {
    throw new RegistryError("NAME_INVALID", `the reference ${quoteBriefly(whole)} names no valid registry host`);
  }
  const rest = isHost ? name.slice(slash + 1) : name;
  return { namespace, path: parsePathIn(namespace, rest) };
}
