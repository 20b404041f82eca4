import type { Digest } from "../oci/digest.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { ManifestStore, StoredManifest, TagStore } from "../storage/metadata.ts";
import type { Blobs } from "./blobs.ts";
import { candidatesOf, nameOf, type SearchOrder } from "./candidates.ts";
import { blobsOf, chooseManifests, isIndex, type PlatformChoice, readManifest } from "./image-walk.ts";
import type { Target } from "./locate.ts";

/** Is an image here? `missing` names the digests that a whole image would need; empty when the tag itself is absent. */
export type WholenessReport = {
  readonly state: "whole" | "absent" | "incomplete";
  readonly missing: readonly Digest[];
  /** A sentence for people; null when it is whole. */
  readonly reason: string | null;
};

const WHOLE: WholenessReport = { state: "whole", missing: [], reason: null };

/** Tells whether a pull would succeed with no upstream: tag, manifests and every blob, on disk at their sizes. */
export class Wholeness {
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;
  readonly #blobs: Blobs;
  readonly #order: SearchOrder;

  constructor(manifests: ManifestStore, tags: TagStore, blobs: Blobs, order: SearchOrder) {
    this.#manifests = manifests;
    this.#tags = tags;
    this.#blobs = blobs;
    this.#order = order;
  }

  /** Never asks upstream. */
  async check(reference: Reference, platforms: PlatformChoice): Promise<WholenessReport> {
    const target: Target = { namespace: reference.namespace, path: reference.path };
    const root = await this.#find(target, reference);
    if (root === null) return absent(`${formatReference(reference)} is not here`);
    const missing: Digest[] = [];
    try {
      await this.#collectMissing(target, root, platforms, missing);
    } catch (error) {
      return { state: "incomplete", missing, reason: error instanceof Error ? error.message : String(error) };
    }
    if (missing.length === 0) return WHOLE;
    return {
      state: "incomplete",
      missing,
      reason: `${missing.length} of its parts are not here: ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", …" : ""}`,
    };
  }

  async #find(target: Target, { tag, digest }: Reference): Promise<StoredManifest | null> {
    for (const candidate of candidatesOf(target, this.#order)) {
      const name = nameOf(candidate.target);
      if (digest !== null) {
        const found = await this.#manifests.getManifest(name, digest);
        if (found !== null) return found;
      } else if (tag !== null) {
        const found = await this.#tags.getTagged(name, tag);
        if (found !== null && (candidate.accept !== "pushed" || found.tag.kind === "pushed")) return found.manifest;
      }
    }
    return null;
  }

  async #collectMissing(
    target: Target,
    stored: StoredManifest,
    platforms: PlatformChoice,
    missing: Digest[],
  ): Promise<void> {
    const manifest = readManifest(stored);
    if (!isIndex(stored)) {
      for (const { digest } of blobsOf(manifest)) {
        if (!(await this.#blobs.isHere(target, digest))) missing.push(digest);
      }
      return;
    }
    for (const { digest } of chooseManifests(manifest, platforms)) {
      const child = await this.#find(target, { ...target, tag: null, digest });
      if (child === null) missing.push(digest);
      else await this.#collectMissing(target, child, platforms, missing);
    }
  }
}

function absent(reason: string): WholenessReport {
  return { state: "absent", missing: [], reason };
}
