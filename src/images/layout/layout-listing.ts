import type { Descriptor } from "../../oci/descriptor.ts";
import { parseManifest } from "../../oci/manifest.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import { layoutEntry, nameOf } from "./layout-index.ts";
import type { RawDescriptor, RawIndex } from "../raw-index.ts";

/** Gathers the entries for the `index.json` of a layout: the images, and their referrers. */
export class LayoutListing {
  readonly #label: string | null;
  readonly #entries: Descriptor[] = [];

  /** `label` is the name that the location gives; null keeps each image's own. */
  constructor(label: string | null) {
    this.#label = label;
  }

  /** Lists a manifest that nothing else would lead to: one that refers to another, or that has a tag of its own. */
  addManifest(content: ManifestContent, tag: string | null): void {
    const { subject } = parseManifest(content.bytes, content.mediaType);
    if (tag !== null || subject !== null) this.#entries.push(layoutEntry(content, tag));
  }

  /** Lists an image and hands back the name that it has here. */
  addImage(content: ManifestContent, name: string | null): string | null {
    const entry = layoutEntry(content, this.#label ?? name);
    this.#entries.push(entry);
    return nameOf(entry);
  }

  /** `index` with these entries at its end; those of the same name, or of the same digest and no name, are replaced. */
  mergeInto(index: RawIndex): RawIndex {
    const added = new Set(this.#entries.map(keyOf));
    const kept = index.manifests.filter((entry) => !added.has(keyOf(entry)));
    const fresh = new Map(this.#entries.map((entry) => [keyOf(entry), entry]));
    return { ...index, manifests: [...kept, ...fresh.values()] };
  }
}

function keyOf(entry: Pick<RawDescriptor, "digest" | "annotations">): string {
  const { digest, annotations } = entry;
  return nameOf({ annotations: annotations ?? {} }) ?? `@${digest}`;
}
