import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type FileTree, readWhole } from "../files/file-tree.ts";
import { isSameImage, tagOf } from "../image-name.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { ImageSource, SourceImage } from "../image-source.ts";
import { blobPath, CONTAINERD_NAME, MANIFEST_LIMIT_BYTES, nameOf, readLayoutIndex, REF_NAME } from "./layout-index.ts";
import { manifestContent } from "./manifest-content.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import type { Referrer } from "../../oci/referrers.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import type { Tag } from "../../oci/tag.ts";

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

/** Makes the source of a layout; `choose` selects the images among the `entries` of `index.json`. */
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

/** `subjectTag` tells the subject apart: a tag may not hold all of a digest. */
type Found = { readonly subjectTag: Tag; readonly entry: Descriptor; readonly referrers: readonly Referrer[] };

/**
 * Which entries of a layout's `index.json` refer to others: manifests with a `subject`, cosign's tags, and the indexes
 * under referrers tags. All entries are read once, when the first question comes.
 */
class LayoutReferrers {
  readonly #entries: readonly Descriptor[];
  readonly #manifest: (digest: Digest) => Promise<ManifestContent | null>;
  #found: Promise<readonly Found[]> | null = null;

  constructor(entries: readonly Descriptor[], manifest: (digest: Digest) => Promise<ManifestContent | null>) {
    this.#entries = entries;
    this.#manifest = manifest;
  }

  /** What refers to `digest`. */
  async of(digest: Digest): Promise<readonly Referrer[]> {
    const all = await this.#all();
    const sought = referrersTag(digest);
    const found = all.filter(({ subjectTag }) => subjectTag === sought).flatMap(({ referrers }) => referrers);
    return [...new Map(found.map((referrer) => [`${referrer.digest} ${referrer.tag}`, referrer])).values()];
  }

  /** The entries that are there only because they refer to another one of this layout. */
  async attached(): Promise<ReadonlySet<Descriptor>> {
    const here = new Set(this.#entries.map(({ digest }) => referrersTag(digest)));
    return new Set((await this.#all()).filter(({ subjectTag }) => here.has(subjectTag)).map(({ entry }) => entry));
  }

  #all(): Promise<readonly Found[]> {
    this.#found ??= Promise.all(this.#entries.map((entry) => this.#read(entry))).then((found) => found.flat());
    return this.#found;
  }

  async #read(entry: Descriptor): Promise<readonly Found[]> {
    const found: Found[] = [];
    const content = await this.#manifest(entry.digest);
    const parsed = content === null ? null : parseManifest(content.bytes, content.mediaType);
    if (parsed?.subject) {
      const subjectTag = referrersTag(parsed.subject.digest);
      found.push({ subjectTag, entry, referrers: [{ digest: entry.digest, tag: null }] });
    }
    const tag = tagOf(nameOf(entry) ?? "");
    const attachment = tag === null ? null : parseAttachmentTag(tag);
    if (attachment !== null) {
      const { subjectTag, isReferrersTag } = attachment;
      const listed = (parsed?.manifests ?? []).map(({ digest }) => ({ digest, tag: null }));
      found.push({
        subjectTag,
        entry,
        referrers: isReferrersTag ? listed : [{ digest: entry.digest, tag: tag as Tag }],
      });
    }
    return found;
  }
}

/** The error for a `label` that no image of `location` has. `names` are theirs, null for images without one. */
export function unknownLabel(label: string, location: string, names: readonly (string | null)[]): RegistryError {
  const known = names.filter((name) => name !== null).slice(0, 20);
  const has = known.length === 0 ? "its images have no names; write @0 for the first" : `it has ${known.join(", ")}`;
  return new RegistryError("MANIFEST_UNKNOWN", `${location} has no image ${quoteBriefly(label)}: ${has}`);
}
