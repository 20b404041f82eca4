/**
 * skopeo's `dir:`: one image in a directory, without its name.
 *
 *     version                 "Directory Transport Version: 1.1"
 *     manifest.json           the image's manifest or index
 *     <hex>.manifest.json     a manifest that an index lists
 *     <hex>                   a blob
 *
 * Source: containers-transports(5); skopeo 1.9 and 1.22.
 */
import { algorithmOf, type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type FileTree, readWhole } from "../files/file-tree.ts";
import type { ImageSource } from "../image-source.ts";
import { MANIFEST_LIMIT_BYTES } from "../layout/layout-index.ts";
import { manifestContent } from "../layout/manifest-content.ts";

/** The content of `version`. */
export const DIRECTORY_VERSION = "Directory Transport Version: 1.1\n";

/** The file of a blob. */
export function blobFile(digest: Digest): string {
  return hexOf(digest);
}

/** The file of a manifest that the index in `manifest.json` lists. */
export function listedManifestFile(digest: Digest): string {
  return `${hexOf(digest)}.manifest.json`;
}

/** The image in a directory of skopeo's. Throws MANIFEST_UNKNOWN when there is none. */
export async function openDirectorySource(tree: FileTree): Promise<ImageSource> {
  const bytes = await readWhole(tree, "manifest.json", MANIFEST_LIMIT_BYTES);
  if (bytes === null) {
    throw new RegistryError(
      "MANIFEST_UNKNOWN",
      `${tree.location} is not a directory of skopeo's: it has no manifest.json`,
    );
  }
  const root = manifestContent(bytes, digestOf(bytes), null, tree.location);
  return {
    location: tree.location,
    images: () => Promise.resolve([{ name: null, digest: root.digest, isBuilt: false }]),
    async manifest(digest) {
      if (digestOf(bytes, algorithmOf(digest)) === digest) return { ...root, digest };
      const listed = await readWhole(tree, listedManifestFile(digest), MANIFEST_LIMIT_BYTES);
      return listed === null ? null : manifestContent(listed, digest, null, tree.location);
    },
    blob: ({ digest }) => tree.open(blobFile(digest)),
    // The format has no place for them.
    referrers: () => Promise.resolve([]),
    close: () => tree.close(),
  };
}
