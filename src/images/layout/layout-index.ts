/**
 * An OCI image layout, in a directory or inside of an archive:
 *
 *     oci-layout            {"imageLayoutVersion":"1.0.0"}
 *     index.json            an index; its descriptors' annotations hold the images' names
 *     blobs/<alg>/<hex>     manifests, configs, layers
 *
 * Source: image-spec v1.1.1, image-layout.md.
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.ts";
import { type Manifest, parseManifest } from "../../oci/manifest.ts";
import { formatReference } from "../../oci/reference.ts";
import { type FileTree, readWhole } from "../files/file-tree.ts";
import { tryParseImageName } from "../image-name.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";

/** The tag, or as some tools have it the whole name, of an image in `index.json`. */
export const REF_NAME = "org.opencontainers.image.ref.name";
/** The full name of an image in `index.json`, as containerd and Docker write it. */
export const CONTAINERD_NAME = "io.containerd.image.name";
/** The longest manifest or index that is read, twice what containerd takes. */
export const MANIFEST_LIMIT_BYTES = 8 * 1024 * 1024;
/** The content of `oci-layout`. */
export const LAYOUT_MARK = '{"imageLayoutVersion":"1.0.0"}';

/** `index.json`, or null when there is none. Throws MANIFEST_INVALID. */
export async function readLayoutIndex(tree: FileTree): Promise<Manifest | null> {
  const bytes = await readWhole(tree, "index.json", MANIFEST_LIMIT_BYTES);
  return bytes === null ? null : parseManifest(bytes, null);
}

/** Where a layout keeps what has this digest. */
export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** What a descriptor of `index.json` is called: its full name if it has one, else its tag, else null. */
export function nameOf(entry: Pick<Descriptor, "annotations">): string | null {
  return entry.annotations?.[CONTAINERD_NAME] || entry.annotations?.[REF_NAME] || null;
}

/**
 * The descriptor in `index.json` for a manifest that is called `name` there; null: found by its digest alone. The name
 * stands in both annotations, whole: skopeo and Podman go by the one, containerd and Docker by the other.
 */
export function layoutEntry(manifest: ManifestContent, name: string | null): Descriptor {
  const { mediaType, digest, bytes } = manifest;
  const entry = { mediaType, digest, size: bytes.length };
  if (name === null) return entry;
  const reference = tryParseImageName(name);
  const fullName = reference === null ? {} : { [CONTAINERD_NAME]: formatReference(reference) };
  return { ...entry, annotations: { ...fullName, [REF_NAME]: name } };
}
