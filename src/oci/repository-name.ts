/**
 * Names of repositories.
 *
 * Every repository of larder has a full name `namespace/path`: the namespace is the registry that the name belongs to
 * (`docker.io`, `quay.io`, `10.0.0.9:5000`) or `local`, the path is what the distribution specification calls a name.
 *
 * Source: distribution-spec v1.1.1, "Pulling manifests": the grammar of `<name>`; names are held to 255 characters.
 */
import { remembered } from "../lib/text/remembered.ts";
import { quoteBriefly } from "./digest.ts";
import { RegistryError } from "./registry-error.ts";

declare const pathBrand: unique symbol;
/** A name by the specification's grammar, without a registry: `library/nginx`. */
export type RepositoryPath = string & { readonly [pathBrand]: true };

declare const namespaceBrand: unique symbol;
/** A registry's host in lower case, with its port if it has one, or `local`. */
export type Namespace = string & { readonly [namespaceBrand]: true };

declare const nameBrand: unique symbol;
/** `namespace/path`. */
export type RepositoryName = string & { readonly [nameBrand]: true };

/** The namespace of what was pushed to larder under its own address. */
export const LOCAL = "local" as Namespace;
/** The namespace that names without a registry belong to. */
export const DOCKER_HUB = "docker.io" as Namespace;

/** Hosts that docker.io's registry answers by; the last one is what people copy from its website. */
const DOCKER_HUB_ALIASES = ["registry-1.docker.io", "index.docker.io", "registry.hub.docker.com"];

const NAME_LIMIT = 255;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const HOST =
  /^(?:localhost|\[[0-9a-f:.]+(?:%25[\w.~-]+)?\]|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.?)(?::\d{1,5})?$/;

/** The path that `text` spells, or null when the grammar forbids it. */
export const tryParseRepositoryPath: (text: string) => RepositoryPath | null = remembered((text) =>
  text.length <= NAME_LIMIT && PATH.test(text) ? (text as RepositoryPath) : null,
);

/** The path that `text` spells. Throws NAME_INVALID. */
export function parseRepositoryPath(text: string): RepositoryPath {
  const path = tryParseRepositoryPath(text);
  if (path === null) {
    throw new RegistryError(
      "NAME_INVALID",
      `the repository name ${quoteBriefly(text)} is not valid: it must be lower-case letters, digits and separators (. _ __ -) in components between slashes, ${NAME_LIMIT} characters at most`,
    );
  }
  return path;
}

/**
 * The path that `text` spells as a name of `namespace`: docker.io has no names of one component, people leave `library/`
 * out. Throws NAME_INVALID.
 */
export function parsePathIn(namespace: Namespace, text: string): RepositoryPath {
  return parseRepositoryPath(inLibrary(namespace, text));
}

/** A path as `namespace` has it: `nginx` is `library/nginx` in docker.io. One that is too long there names nothing. */
export function pathIn(namespace: Namespace, path: RepositoryPath): RepositoryPath {
  return inLibrary(namespace, path) as RepositoryPath;
}

function inLibrary(namespace: Namespace, text: string): string {
  return namespace === DOCKER_HUB && !text.includes("/") ? `library/${text}` : text;
}

/**
 * The namespace that a registry's host stands for: lower case, docker.io's other names folded into `docker.io`,
 * a port that the scheme implies taken off. Null when `host` is not a host.
 */
export const tryParseNamespace: (host: string) => Namespace | null = remembered((host) => {
  const lower = host.toLowerCase();
  if (lower.length > NAME_LIMIT || !HOST.test(lower)) return null;
  const bare = lower.replace(/:(?:80|443)$/, "").replace(/\.(?=$|:)/, "");
  return (DOCKER_HUB_ALIASES.includes(bare) ? DOCKER_HUB : bare) as Namespace;
});

/** Does the first component of a reference name a registry (a dot, a colon, or `localhost`)? */
export function looksLikeHost(component: string): boolean {
  return component === "localhost" || component.includes(".") || component.includes(":");
}

/** The full name of a path in a namespace. */
export function repositoryName(namespace: Namespace, path: RepositoryPath): RepositoryName {
  return `${namespace}/${path}` as RepositoryName;
}
