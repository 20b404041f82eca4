/**
 * Images that are given in parts: by fields of a custom resource or of a chart's values, by environment variables, flags,
 * or the lines of a configuration.
 *
 * All spellings come down to a few roles, with a prefix that tells the images of one place apart: `registry`, `hub`;
 * `repository`, `image`, `name`; `tag`, `version`; `digest`. So `proxyImage` + `proxyImageTag` and `SCAN_IMAGE` +
 * `SCAN_IMAGE_TAG` are an image each, as `repository` + `tag` are.
 */
import { remembered } from "../../lib/text/remembered.ts";
import { tryParseDigest } from "../../oci/digest.ts";
import { isCodeHost, namesRegistry } from "./image-text.ts";
import { keyWords } from "./key-words.ts";
import type { Located, LocatedScalar } from "./located-value.ts";
import type { Place } from "./place.ts";

/** A reference put together from fields. */
export type JoinedImage = {
  readonly written: string;
  /** Where the repository is written. */
  readonly place: Place;
  /** The keys that it was made from. */
  readonly keys: readonly string[];
  /** False when neither tag nor digest is given, or what was put together may be something else, a Git repository for instance. */
  readonly isCertain: boolean;
};

type Role = "registry" | "repository" | "image" | "name" | "tag" | "version" | "digest";
type Part = { readonly key: string; readonly text: string; readonly scalar: LocatedScalar };
type Parts = Partial<Record<Role, Part>>;

/**
 * The images that the fields in `entries` give in parts.
 *
 * `context` is the name of what holds them: below `image`, `proxyImage` or `images` little more is needed to make an image
 * of them; below `git` or `chart` nothing is one.
 */
export function joinImageParts(entries: ReadonlyMap<string, Located>, context: string): JoinedImage[] {
  const groups = new Map<string, Parts>();
  for (const [key, value] of entries) {
    if (value.type !== "scalar" || value.value === null || value.text === "" || !PART_KEY.test(key)) continue;
    const found = roleOf(key);
    if (found === null) continue;
    const group = groups.get(found.prefix) ?? {};
    groups.set(found.prefix, group);
    group[found.role] ??= { key, text: value.text.trim(), scalar: value };
  }
  if (groups.size === 0) return [];
  const words = keyWords(context);
  const isOfImage = words.some((word) => word === "image" || word === "images" || word === "img");
  if (isOfOtherThings(words.join(" "), isOfImage, entries)) return [];
  return [...groups].flatMap(([prefix, parts]) => {
    return OTHER_THINGS.test(prefix) ? [] : (join(parts, isOfImage, prefix) ?? []);
  });
}

/** What every key that has a role ends with; most keys have none. */
const PART_KEY = /(?:image|img|repository|repo|registry|hub|name|tag|version|digest|sha|sha256)$/i;
const OTHER_THINGS =
  /(?:^| )(?:git|source|charts?|helm|maven|npm|pypi|apt|yum|go|module|dependenc(?:y|ies)|package|packages)$/;
/** What Git repositories, charts and the like have beside `repository` and `version`, and images have not. */
const OTHER_KEYS = ["chart", "branch", "commit", "owner", "org", "organization", "repoURL", "targetRevision"];
/** Kustomize's entries say what an image is replaced by. */
const REPLACEMENT_KEYS = ["newName", "newTag", "newDigest", "newImage"];

function isOfOtherThings(context: string, isOfImage: boolean, entries: ReadonlyMap<string, Located>): boolean {
  if (OTHER_THINGS.test(context) || REPLACEMENT_KEYS.some((key) => entries.has(key))) return true;
  return !isOfImage && !entries.has("image") && OTHER_KEYS.some((key) => entries.has(key));
}

/** What part of an image a key names, and of which. */
const roleOf = remembered((key: string): { readonly role: Role; readonly prefix: string } | null => {
  const words = keyWords(key);
  const last = words.pop() ?? "";
  const ofImage = words.at(-1) === "image" || words.at(-1) === "img";
  if (ofImage) words.pop();
  const prefix = words.join(" ");
  const role = ROLES[last];
  // `baseImage` is what `repository` is called in the resources of older operators.
  if (role === "image" && prefix === "base") return { role: "repository", prefix: "" };
  if (role === "version" && ofImage) return { role: "tag", prefix };
  // `name` alone is what anything is called, `proxyName` is not an image's.
  if (role === "name") return ofImage ? { role: "image", prefix } : prefix === "" ? { role, prefix } : null;
  if (last === "hub" && prefix !== "") return null;
  return role === undefined ? null : { role, prefix };
});

const ROLES: Readonly<Record<string, Role>> = {
  registry: "registry",
  hub: "registry",
  repository: "repository",
  repo: "repository",
  image: "image",
  img: "image",
  name: "name",
  tag: "tag",
  version: "version",
  digest: "digest",
  sha: "digest",
  sha256: "digest",
};

function join(parts: Parts, isOfImage: boolean, prefix: string): JoinedImage | null {
  const naming = namingParts(parts, isOfImage);
  const [first] = naming;
  if (first === undefined) return null;
  const registry = registryOf(parts.registry, first.text);
  const path = naming.map(({ text }) => text.replace(/^docker:\/\/|\/$/g, "")).join("/");
  if (path.includes("://") || isCodeHost(path) || isHostAlone(path)) return null;
  const name = registry === null ? path : `${registry}/${path}`;
  const isSure = isOfImage || naming.length > 1 || namesRegistry(name);
  const tag = hasTag(name) ? null : tagOf(parts, isSure || first === parts.image);
  const digest = parts.digest === undefined || name.includes("@") ? null : digestSuffix(parts.digest.text);
  const isVersioned = tag !== null || digest !== null || hasTag(name);
  if (first === parts.image && registry === null && tag === null && digest === null) return null;
  if (!isVersioned && !(isOfImage && prefix === "" && name.includes("/"))) return null;
  const same = parts.image?.text === first.text ? parts.image : undefined;
  const used = [parts.registry, ...naming, same, parts.tag, tag?.part, parts.digest];
  return {
    written: `${name}${tag?.suffix ?? ""}${digest ?? ""}`,
    place: first.scalar,
    keys: [...new Set(used.flatMap((part) => (part === undefined ? [] : [part.key])))],
    isCertain: isVersioned && (isSure || prefix !== "" || (first === parts.image && tag?.part !== parts.version)),
  };
}

/** The parts that the name is made of: `repository`, perhaps with `image` below it; `image`; or `name`, which may be a label. */
function namingParts({ repository, image, name, tag, digest, registry }: Parts, isOfImage: boolean): Part[] {
  if (repository !== undefined) {
    // A whole image beside a repository stands for itself.
    const isBelow = image !== undefined && !namesRegistry(image.text) && !hasTag(image.text);
    const isSame = image !== undefined && image.text === repository.text;
    return isBelow && !isSame ? [repository, image] : [repository];
  }
  if (image !== undefined) return hasTag(image.text) && registry === undefined ? [] : [image];
  if (name === undefined || hasTag(name.text)) return [];
  const isVersioned = tag !== undefined || digest !== undefined;
  return isOfImage || (isVersioned && (registry !== undefined || namesRegistry(name.text))) ? [name] : [];
}

/** `registry.k8s.io`, which kubeadm's `imageRepository` and its like name, is where images lie. */
function isHostAlone(path: string): boolean {
  return !path.includes("/") && /\.[a-z]{2,}$|^localhost$/.test(path.replace(/:\d+$/, ""));
}

function registryOf(part: Part | undefined, name: string): string | null {
  const registry = part?.text.replace(/^(?:https?|docker|oci):\/\//, "").replace(/\/+$/, "") ?? "";
  return registry === "" || /\s/.test(registry) || name.startsWith(`${registry}/`) ? null : registry;
}

/** A `version` is a tag where the rest is surely an image; elsewhere software, charts and schemas have versions. */
function tagOf(parts: Parts, takesVersion: boolean): { readonly suffix: string; readonly part: Part } | null {
  const isVersion = parts.tag === undefined;
  const part = parts.tag ?? (takesVersion ? parts.version : undefined);
  if (part === undefined || (isVersion && !/^[\w][\w.+-]*$/.test(part.text))) return null;
  if (isVersion && (!/\d/.test(part.text) || /(?:^|\.)x(?:\.|$)/i.test(part.text))) return null;
  const text = part.text.replace(/^:/, "");
  if (text.startsWith("@")) return { suffix: text, part };
  return { suffix: tryParseDigest(text) === null ? `:${text}` : `@${text}`, part };
}

function hasTag(name: string): boolean {
  return name.includes("@") || name.lastIndexOf(":") > name.lastIndexOf("/");
}

/** Charts write digests with and without their algorithm. Null for what is something else, such as a commit. */
function digestSuffix(digest: string): string | null {
  const bare = digest.replace(/^@/, "");
  const whole = /^[0-9a-f]{64}$/.test(bare) ? `sha256:${bare}` : bare;
  return tryParseDigest(whole) === null ? null : `@${whole}`;
}
