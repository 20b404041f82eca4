import type { Digest } from "../oci/digest.ts";
import type { Tag } from "../oci/tag.ts";
import type { ManifestStore, TagKind, TagStore } from "../storage/metadata.ts";
import { nameOf } from "./candidates.ts";
import { readManifest } from "./image-walk.ts";
import type { Target } from "./locate.ts";
import { referencesOf } from "./manifest-references.ts";
import type { ManifestReference } from "./manifest-reference.ts";

/** What was removed; null: there was nothing. `uncovered`: a cached tag of the same name answers from now on. */
export type Removal = { readonly removed: TagKind | "manifest" | null; readonly uncovered: boolean };

/** Removes images as people mean it: with everything that only they held. */
export class ImageRemover {
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;
  readonly #now: () => number;

  constructor(manifests: ManifestStore, tags: TagStore, now: () => number) {
    this.#manifests = manifests;
    this.#tags = tags;
    this.#now = now;
  }

  /** Removes a tag, the pushed one first, or a manifest with all its tags. The space is given back by a collection. */
  async remove(target: Target, reference: ManifestReference): Promise<Removal> {
    const name = nameOf(target);
    if (reference.kind === "digest") {
      const removed = await this.#manifests.deleteManifest(name, reference.digest, true, this.#now());
      return { removed: removed ? "manifest" : null, uncovered: false };
    }
    const removed = await this.#tags.deleteTag(name, reference.tag, true);
    const uncovered = removed !== null && (await this.#tags.getTagged(name, reference.tag)) !== null;
    return { removed, uncovered };
  }

  /** Makes a manifest that is here the cached answer to a tag. False when it is not here. */
  async adopt(target: Target, tag: Tag, digest: Digest): Promise<boolean> {
    const name = nameOf(target);
    const manifest = await this.#manifests.getManifest(name, digest);
    if (manifest === null) return false;
    const parsed = readManifest(manifest);
    await this.#manifests.putManifest(name, {
      manifest,
      requiredBlobs: [],
      borrowFrom: [],
      requiredManifests: [],
      references: referencesOf(parsed),
      subject: parsed.subject?.digest ?? null,
      tags: [tag],
      kind: "cached",
      isPart: false,
      atMs: this.#now(),
    });
    return true;
  }
}
