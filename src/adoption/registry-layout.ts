/**
 * Where the files of a registry's folder are (distribution, which people know as `registry:2` and `registry:3`), below its
 * `rootdirectory`, which is `/var/lib/registry` in its image:
 *
 *   docker/registry/v2/blobs/sha256/ab/abcd…/data             content, manifests and layers alike, under its digest
 *   docker/registry/v2/repositories/NAME/                     NAME has slashes; what begins with `_` is none of its components
 *     _layers/sha256/abcd…/link                               the repository has this blob; that of a `sha512` names a `sha256`
 *     _manifests/revisions/sha256/abcd…/link                  the repository has this manifest; a deleted one has lost the link
 *     _manifests/tags/TAG/current/link                        the manifest that the tag is on
 *     _manifests/tags/TAG/index/sha256/abcd…/link             each that it was ever on
 *     _uploads/ID/data, startedat, hashstates/…               pushes that have not ended
 *   scheduler-state.json                                      a pull-through cache's: what expires when
 *
 * A `link` holds a digest, `sha256:abcd…`, without a line break. `sha512` stands beside `sha256` where it was pushed; such a blob is kept under its `sha256`. No media type
 * is kept: it is in the manifest, or follows from its fields.
 *
 * Files of blobs are written elsewhere and renamed into their place, and never written to there; deletion unlinks them. So a
 * hard link to one stays as it is.
 *
 * Names of registries' own, `quay.io/org/app`, are those of images whose namespace is `quay.io`. A namespace with a port is
 * `quay.io_5000/org/app` there, since a name has no colon: no host has an underscore, so it can be read back.
 */
import { join } from "node:path";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.ts";

/** The path of the layout below a registry's root folder. */
export const LAYOUT_PATH = join("docker", "registry", "v2");

/** The name of the file that a pull-through cache keeps in its root folder. */
export const CACHE_STATE = "scheduler-state.json";

/** The most bytes of a `link` that are read. */
export const LINK_LIMIT_BYTES = 1024;

/** A blob's file, below the layout's folder. */
export function blobFile(digest: Digest): string {
  const hex = hexOf(digest);
  return join("blobs", algorithmOf(digest), hex.slice(0, 2), hex, "data");
}

/** A repository's folder, below the layout's. */
export function repositoryFolder(name: string): string {
  return join("repositories", name);
}

/** The link of a blob, below the layout's folder. */
export function layerLink(name: string, digest: Digest): string {
  return join(repositoryFolder(name), "_layers", algorithmOf(digest), hexOf(digest), "link");
}

/** The link of a manifest, below its repository's folder. */
export function revisionLink(digest: Digest): string {
  return join("_manifests", "revisions", algorithmOf(digest), hexOf(digest), "link");
}

/** The links of a tag, below the layout's folder: the one that counts, and the one that tells that it was on this. */
export function tagLinks(
  name: string,
  tag: string,
  digest: Digest,
): { readonly current: string; readonly was: string } {
  const folder = join(repositoryFolder(name), "_manifests", "tags", tag);
  return {
    current: join(folder, "current", "link"),
    was: join(folder, "index", algorithmOf(digest), hexOf(digest), "link"),
  };
}
