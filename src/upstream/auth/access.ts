import type { RepositoryPath } from "../../oci/repository-name.ts";

/** What a request wants to do, as far as permissions go. `path` null: to no repository. */
export type Access = {
  readonly path: RepositoryPath | null;
  readonly actions: "none" | "pull" | "pull,push" | "delete" | "catalog";
  /** Another repository to read from: a mount's source. */
  readonly alsoPull?: RepositoryPath;
};

/** Asks for nothing but to be let in. */
export const NO_ACCESS: Access = { path: null, actions: "none" };

/** To push is to read as well: what is there need not be sent. */
export function pushAccess(path: RepositoryPath, mountFrom?: RepositoryPath): Access {
  return { path, actions: "pull,push", ...(mountFrom === undefined ? {} : { alsoPull: mountFrom }) };
}

/**
 * The scopes of a token that permits this, the repository's own first. `prefix` is what the server puts before the
 * names of repositories. Source: distribution v3.0.0, docs/spec/auth/scope.md.
 */
export function scopesOf(access: Access, prefix: string): readonly string[] {
  if (access.actions === "catalog") return ["registry:catalog:*"];
  if (access.path === null) return [];
  const own = `repository:${prefix}${access.path}:${access.actions}`;
  return access.alsoPull === undefined ? [own] : [own, `repository:${prefix}${access.alsoPull}:pull`];
}

/** Does what is wanted permit all that was asked for? */
export function areCovered(asked: readonly string[], wanted: readonly string[]): boolean {
  return asked.every((scope) => wanted.some((one) => covers(one, scope)));
}

/** `repository:a:pull,push` covers `repository:a:pull`. */
function covers(scope: string, narrower: string): boolean {
  const [colon, narrowerColon] = [scope.lastIndexOf(":"), narrower.lastIndexOf(":")];
  const actions = scope.slice(colon + 1).split(",");
  return (
    scope.slice(0, colon) === narrower.slice(0, narrowerColon) &&
    narrower
      .slice(narrowerColon + 1)
      .split(",")
      .every((action) => actions.includes(action))
  );
}
