/**
 * What a path below `/aci/` asks for. Three spellings name the same image `quay.io/coreos/flannel:v0.5.5`:
 *
 *     registry.example.com/quay.io/coreos/flannel:v0.5.5.aci    the ACI's name and version, as discovery leads to
 *     flannel:v0.5.5.aci  coreos/flannel:v0.5.5.aci             by URL, the version behind a colon
 *     coreos-flannel-v0.5.5.aci                                 docker2aci's file names: all separators are dashes
 *
 * and `.asc` behind any of them its signature.
 */
import { LOCAL, type RepositoryName } from "../oci/repository-name.ts";
import { repositoryOf } from "../oci/repository.ts";
import { toIdentifier } from "./aci-name.ts";
import { PUBLIC_KEYS_FILE } from "./discovery-page.ts";

/** An image that can be served, with its tags. */
export type KnownImage = { readonly repository: RepositoryName; readonly tags: readonly string[] };

/** What a path asks for: the public keys, an ACI, or its signature. */
export type AciRequest =
  | { readonly kind: "pubkeys" }
  | { readonly kind: "aci" | "asc"; readonly repository: RepositoryName; readonly tag: string };

/** What a client means that names no version (appc/spec 0.8.11, discovery.md). */
const DEFAULT_VERSION = "latest";

/**
 * Finds what `path` asks for; null when it is no such file, or none of the images.
 *
 * The longer a name matches, the better: the full name before the path, the path before its last component. Of equally
 * good ones the first image counts, so `images` come in the order of preference. `host` is the public name that
 * discovered ACIs begin with.
 */
export function findAci(path: string, images: Iterable<KnownImage>, host: string): AciRequest | null {
  if (path === PUBLIC_KEYS_FILE) return { kind: "pubkeys" };
  const match = /^(.{1,600})\.aci(\.asc)?$/s.exec(path);
  const asked = match?.[1];
  if (asked === undefined) return null;
  const kind = match?.[2] === undefined ? "aci" : "asc";
  let best: { score: number; repository: RepositoryName; tag: string } | null = null;
  for (const image of images) {
    for (const [nameScore, name] of namesOf(image.repository, host)) {
      const found = matchTag(asked, name, image.tags);
      if (found === null) continue;
      const score = 10 * nameScore + found.score;
      if (best === null || score > best.score) best = { score, repository: image.repository, tag: found.tag };
    }
  }
  return best === null ? null : { kind, repository: best.repository, tag: best.tag };
}

/** The file name that docker2aci gives: `coreos-flannel-v0.5.5.aci`. */
export function aciFileName(repositoryPath: string, tag: string | null): string {
  const name = repositoryPath.replaceAll("/", "-");
  return `${tag === null ? name : `${name}-${tag}`}.aci`;
}

/** The names that an image goes by, the most telling with the highest number. What is `local` is the host's own. */
function namesOf(repository: RepositoryName, host: string): readonly (readonly [number, string])[] {
  const { namespace, path } = repositoryOf(repository);
  const short = path.slice(path.lastIndexOf("/") + 1);
  return [
    [4, `${host}/${repository}`],
    ...(namespace === LOCAL ? [[4, `${host}/${path}`] as const] : []),
    [3, repository],
    [2, path],
    [1, short],
  ];
}

/** The tag that `asked` names behind `name`, in any spelling; the plainest spelling has the highest score. */
function matchTag(asked: string, name: string, tags: readonly string[]): { score: number; tag: string } | null {
  const colon = asked.indexOf(":", asked.lastIndexOf("/"));
  if (colon >= 0) {
    const askedName = asked.slice(0, colon);
    const isName = askedName === name || sameIdentifier(askedName, name) || askedName === dashed(name);
    return isName ? withVersion(asked.slice(colon + 1), tags) : null;
  }
  if (asked === name || asked === dashed(name)) return withVersion(DEFAULT_VERSION, tags);
  for (const spelled of [name, dashed(name)]) {
    if (!asked.startsWith(`${spelled}-`)) continue;
    const found = withVersion(asked.slice(spelled.length + 1), tags);
    if (found !== null) return found;
  }
  return null;
}

/** People add a `v` when they rename files: `flannel:0.5.5` becomes `flannel:v0.5.5.aci`. An exact tag goes first. */
function withVersion(version: string, tags: readonly string[]): { score: number; tag: string } | null {
  if (tags.includes(version)) return { score: 1, tag: version };
  const bare = version.replace(/^v(?=\d)/, "");
  return tags.includes(bare) ? { score: 0, tag: bare } : null;
}

function dashed(name: string): string {
  return name.replaceAll("/", "-");
}

/** ACI names have no upper case and no doubled separators: `my--app` is known to clients as `my-app`. */
function sameIdentifier(asked: string, name: string): boolean {
  return asked !== "" && asked === toIdentifier(name);
}
