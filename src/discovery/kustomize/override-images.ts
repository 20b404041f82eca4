/** Kustomize's `images:`. Source: kustomize api v0.20, "imageTag" filter. */
import { type Located, type LocatedMap, scalarFor, textAt } from "../found/located-value.ts";

/** One entry of `images:`. */
export type ImageOverride = {
  readonly name: string;
  readonly newName: string | null;
  readonly newTag: string | null;
  readonly tagSuffix: string | null;
  readonly digest: string | null;
};

/** Reads an entry of `images:`; null when it has no name. */
export function toImageOverride(entry: Located): ImageOverride | null {
  const name = textAt(entry, "name");
  if (name === null) return null;
  return {
    name,
    newName: textAt(entry, "newName"),
    newTag: textAt(entry, "newTag"),
    tagSuffix: textAt(entry, "tagSuffix"),
    digest: textAt(entry, "digest"),
  };
}

/**
 * The image as the override makes it; null when it is about another one. The name is compared as it is written. A new
 * tag takes the digest away and the other way round, unless both are given.
 */
export function overrideImage(image: string, override: ImageOverride): string | null {
  const parts = /^(?<name>.*?)(?::(?<tag>[^:/@]*))?(?:@(?<digest>[^@]*))?$/.exec(image)?.groups;
  if (parts?.["name"] !== override.name) return null;
  let { tag = "", digest = "" } = parts;
  if (override.newTag !== null || override.digest !== null) {
    tag = override.newTag ?? "";
    digest = override.digest ?? "";
  } else if (override.tagSuffix !== null) {
    tag += override.tagSuffix;
    digest = "";
  }
  return (override.newName ?? override.name) + (tag === "" ? "" : `:${tag}`) + (digest === "" ? "" : `@${digest}`);
}

/** The resource with its overrides applied where Kustomize applies them: in lists of containers and in image volumes. */
export function overrideImages(resource: Located, overrides: readonly ImageOverride[]): Located {
  const rewrite = (holder: Located, key: string): Located => {
    const image = holder.type === "map" ? holder.entries.get(key) : undefined;
    if (holder.type !== "map" || image?.type !== "scalar" || typeof image.value !== "string") return holder;
    let text = image.value;
    for (const override of overrides) text = overrideImage(text, override) ?? text;
    return text === image.value
      ? holder
      : { ...holder, entries: new Map(holder.entries).set(key, scalarFor(image, text)) };
  };
  const visit = (value: Located): Located => {
    if (value.type === "list") return { ...value, items: value.items.map(visit) };
    if (value.type !== "map") return value;
    const entries = new Map<string, Located>();
    for (const [key, item] of value.entries)
      entries.set(key, item.type === "list" ? overrideList(key, item, rewrite, visit) : visit(item));
    return { ...value, entries };
  };
  return visit(resource);
}

function overrideList(
  key: string,
  list: Extract<Located, { type: "list" }>,
  rewrite: (holder: Located, key: string) => Located,
  visit: (value: Located) => Located,
): Located {
  const change = (item: Located): Located => {
    if (key === "containers" || key === "initContainers") return rewrite(item, "image");
    const volume = key === "volumes" && item.type === "map" ? item.entries.get("image") : undefined;
    if (volume === undefined) return item;
    return {
      ...(item as LocatedMap),
      entries: new Map((item as LocatedMap).entries).set("image", rewrite(volume, "reference")),
    };
  };
  return { ...list, items: list.items.map((item) => visit(change(item))) };
}
