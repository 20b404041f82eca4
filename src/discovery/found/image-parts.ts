/** Images that a custom resource, or a chart's values, give in parts: `repository` and `tag`, perhaps `registry` and `digest`. */
import type { Place } from "./place.ts";
import { type LocatedMap, textAt, valueAt } from "./located-value.ts";

/** A reference put together from a map's fields. */
export type JoinedImage = {
  readonly written: string;
  /** Where the repository is written. */
  readonly place: Place;
  /** The keys of the map that it was made from. */
  readonly keys: readonly string[];
  /** False when neither tag nor digest is given. */
  readonly isCertain: boolean;
};

const REGISTRY_KEYS = ["registry", "imageRegistry"];
const REPOSITORY_KEYS = ["repository", "repo", "baseImage"];
const TAG_KEYS = ["tag", "imageTag"];
const DIGEST_KEYS = ["digest", "sha", "imageDigest"];

/**
 * The image that `map`, which stands under `key`, gives in parts; null when it gives none.
 *
 * Three shapes are known: `repository` (+ `registry`, `tag`, `digest`); `repository` + `image` + `version`, the first
 * being where the second lies; `image` + `tag` (+ `registry`). A lone `repository` counts only under a key that
 * speaks of an image, since Git and Helm have repositories too.
 */
export function joinImageParts(map: LocatedMap, key: string): JoinedImage | null {
  const keys: string[] = [];
  const take = (names: readonly string[]) => {
    const name = names.find((candidate) => textAt(map, candidate) !== null);
    if (name === undefined) return null;
    keys.push(name);
    return textAt(map, name);
  };
  const registry = take(REGISTRY_KEYS);
  const repository = take(REPOSITORY_KEYS);
  const image = take(["image"]);
  const tag = take(TAG_KEYS) ?? (repository !== null && image !== null ? take(["version"]) : null);
  const digest = take(DIGEST_KEYS);

  const name = [registry, repository, image].filter((part) => part !== null).join("/");
  if ((repository ?? image) === null || name.includes("://")) return null;
  const isWhole =
    repository === null && (hasTag(image ?? "") || (tag === null && digest === null && registry === null));
  if (isWhole) return null;
  if (tag === null && digest === null && !/image/i.test(key)) return null;
  const at = map.entries.get(
    repository !== null ? (REPOSITORY_KEYS.find((k) => textAt(map, k) !== null) ?? "") : "image",
  );
  return {
    written: name + (tag === null || hasTag(name) ? "" : `:${tag}`) + (digest === null ? "" : digestSuffix(digest)),
    place: at ?? valueAt(map) ?? map,
    keys,
    isCertain: tag !== null || digest !== null || hasTag(name),
  };
}

function hasTag(name: string): boolean {
  return name.includes("@") || name.lastIndexOf(":") > name.lastIndexOf("/");
}

/** Charts write digests with and without their algorithm. */
function digestSuffix(digest: string): string {
  return /^[0-9a-f]{64}$/.test(digest) ? `@sha256:${digest}` : `@${digest.replace(/^@/, "")}`;
}
