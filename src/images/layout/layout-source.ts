import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type FileTree, readWhole } from "../files/file-tree.ts";
import { isSameImage, tagOf } from "../image-name.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { ImageSource, SourceImage } from "../image-source.ts";
import { blobPath, CONTAINERD_NAME, MANIFEST_LIMIT_BYTES, nameOf, readLayoutIndex, REF_NAME } from "./layout-index.ts";
import { LayoutReferrers } from "./layout-referrers.ts";
import { manifestContent } from "./manifest-content.ts";
import { unknownLabel } from "./unknown-label.ts";

/**
 * The images of an OCI layout. `label` is a tag, a name, `@<digest>` or `@<position>`; null takes all that have names,
 * or all there are when none has. Throws MANIFEST_UNKNOWN when `tree` is no layout.
 */
export async function openLayoutSource(tree: FileTree, label: string | null): Promise<ImageSource> {
  const index = await readLayoutIndex(tree);
  if (index === null) {
    throw new RegistryError("MANIFEST_UNKNOWN", `${tree.location} is not an OCI image layout: it has no index.json`);
  }
  return layoutSource(tree, index.manifests, async (referrers) =>
    pickEntries(index.manifests, label, tree.location, referrers),
  );
}

/** `choose` decides which of the `entries` of `index.json` are the images asked for. */
export function layoutSource(
  tree: FileTree,
  entries: readonly Descriptor[],
  choose: (referrers: LayoutReferrers) => Promise<readonly SourceImage[]>,
): ImageSource {
  const manifest = (digest: Digest) => readManifest(tree, digest, entries);
  const referrers = new LayoutReferrers(entries, manifest);
  return {
    location: tree.location,
    images: () => choose(referrers),
    manifest,
    blob: ({ digest }) => tree.open(blobPath(digest)),
    referrers: (digest) => referrers.of(digest),
    close: () => tree.close(),
  };
}

async function readManifest(
  tree: FileTree,
  digest: Digest,
  entries: readonly Descriptor[],
): Promise<ManifestContent | null> {
  const bytes = await readWhole(tree, blobPath(digest), MANIFEST_LIMIT_BYTES);
  if (bytes === null) return null;
  const declared = entries.find((entry) => entry.digest === digest)?.mediaType;
  return manifestContent(bytes, digest, declared ?? null, tree.location);
}

async function pickEntries(
  entries: readonly Descriptor[],
  label: string | null,
  location: string,
  referrers: LayoutReferrers,
): Promise<readonly SourceImage[]> {
  if (label === null) {
    const attached = await referrers.attached();
    const images = entries.filter((entry) => !attached.has(entry)).map(toImage);
    const named = images.filter(({ name }) => name !== null);
    if (images.length === 0) throw new RegistryError("MANIFEST_UNKNOWN", `${location} holds no image`);
    return named.length > 0 ? named : images;
  }
  const exact = entries.filter((entry, position) => isCalled(entry, position, label));
  const found = exact.length > 0 ? exact : entries.filter((entry) => tagOf(nameOf(entry) ?? "") === label);
  const [first] = found;
  if (first === undefined) throw unknownLabel(label, location, entries.map(nameOf));
  if (found.some((entry) => entry.digest !== first.digest)) {
    const choices = found.map((entry) => `@${entry.digest}`).join(", ");
    throw new RegistryError("MANIFEST_UNKNOWN", `${location} holds several images of that name: choose ${choices}`);
  }
  return [toImage(first)];
}

function toImage(entry: Descriptor): SourceImage {
  return { name: nameOf(entry), digest: entry.digest, isBuilt: false };
}

function isCalled(entry: Descriptor, position: number, label: string): boolean {
  if (label === `@${position}` || label === `@${entry.digest}`) return true;
  const names = [entry.annotations?.[REF_NAME], entry.annotations?.[CONTAINERD_NAME]];
  return names.some((name) => name !== undefined && isSameImage(name, label));
}
