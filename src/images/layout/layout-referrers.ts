import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import type { Tag } from "../../oci/tag.ts";
import { tagOf } from "../image-name.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { Referrer } from "../image-source.ts";
import { nameOf } from "./layout-index.ts";

/** `subjectTag` tells the subject apart: a tag may not hold all of a digest. */
type Found = { readonly subjectTag: Tag; readonly entry: Descriptor; readonly referrers: readonly Referrer[] };

/**
 * Which entries of a layout's `index.json` refer to others: manifests with a `subject`, cosign's tags, and the indexes
 * under referrers tags. All entries are read once, when the first question comes.
 */
export class LayoutReferrers {
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
      found.push({ subjectTag, entry, referrers: isReferrersTag ? listed : [{ digest: entry.digest, tag }] });
    }
    return found;
  }
}
