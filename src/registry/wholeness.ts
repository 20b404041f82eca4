import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { ManifestStore, StoredManifest, StoredTag, TagStore } from "../storage/metadata.ts";
import type { Blobs } from "./blobs.ts";
import { candidatesOf, nameOf, type SearchOrder } from "./candidates.ts";
import { CONFIG_LIMIT_BYTES, isJsonType, platformOfConfig, tryNamePlatform, tryParseConfig } from "./image-summary.ts";
import { blobsOf, chooseManifests, isIndex, type PlatformChoice, readManifest } from "./image-walk.ts";
import type { Target } from "./locate.ts";

/** Is an image here? `missing` names the digests that a whole image would need; empty when the tag itself is absent. */
export type WholenessReport = {
  readonly state: "whole" | "absent" | "incomplete";
  readonly missing: readonly Digest[];
  /** A sentence for people; null when it is whole. */
  readonly reason: string | null;
};

/** What answers to a reference. `tag` is null when a digest was asked for. */
export type FoundImage = {
  readonly repository: RepositoryName;
  readonly tag: StoredTag | null;
  readonly manifest: StoredManifest;
};

/**
 * How much of an image is here. `sizeBytes` counts manifests, and blobs that are whole, each once; `platforms` are
 * those of which every blob is here, in order.
 */
export type ImageExtent = { readonly sizeBytes: number; readonly platforms: readonly string[] };

const WHOLE: WholenessReport = { state: "whole", missing: [], reason: null };
/** Digests that a reason names before it only counts the others. */
const NAMED = 3;

/** Tells what is here of images: what a pull would get with no upstream. Never asks upstream. */
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

  /** Would a pull succeed: are tag, manifests and every blob of these platforms on disk, at their sizes? */
  async check(reference: Reference, platforms: PlatformChoice): Promise<WholenessReport> {
    const found = await this.find(reference);
    if (found === null) return { state: "absent", missing: [], reason: `${formatReference(reference)} is not here` };
    const missing = new Set<Digest>();
    try {
      await this.#collectMissing(reference, found.manifest, platforms, new Set(), missing);
    } catch (error) {
      // A platform that the index does not list: as far as that client is concerned there is no image.
      if (!(error instanceof RegistryError) || error.code !== "MANIFEST_UNKNOWN") throw error;
      return { state: "incomplete", missing: [...missing], reason: error.message };
    }
    return missing.size === 0 ? WHOLE : { state: "incomplete", missing: [...missing], reason: lacking([...missing]) };
  }

  /** What answers to a reference; null when nothing does. */
  async find({ namespace, path, tag, digest }: Reference): Promise<FoundImage | null> {
    for (const { target, accept } of candidatesOf({ namespace, path }, this.#order)) {
      const repository = nameOf(target);
      if (digest !== null) {
        const manifest = await this.#manifests.getManifest(repository, digest);
        if (manifest !== null) return { repository, tag: null, manifest };
      } else if (tag !== null) {
        const found = await this.#tags.getTagged(repository, tag);
        if (found !== null && (accept !== "pushed" || found.tag.kind === "pushed")) return { repository, ...found };
      }
    }
    return null;
  }

  /** How much of an image is here. */
  async measure(target: Target, root: StoredManifest): Promise<ImageExtent> {
    const sizes = new Map<Digest, number>();
    const platforms = new Set<string>();
    await this.#measure(target, root, null, sizes, platforms);
    const sizeBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    return { sizeBytes, platforms: [...platforms].sort() };
  }

  /** The config of an image, when it is JSON and here; null otherwise. */
  async readConfig(target: Target, { config }: Manifest): Promise<unknown> {
    if (config === null || config.size > CONFIG_LIMIT_BYTES || !isJsonType(config.mediaType)) return null;
    const bytes = await this.#blobs.readHere(target, config.digest);
    return bytes === null ? null : tryParseConfig(bytes);
  }

  /** `seen` keeps an index that lists one manifest a thousand times from costing a thousand visits. */
  async #collectMissing(
    target: Target,
    stored: StoredManifest,
    platforms: PlatformChoice,
    seen: Set<Digest>,
    missing: Set<Digest>,
  ): Promise<void> {
    if (seen.has(stored.digest)) return;
    seen.add(stored.digest);
    const manifest = readManifest(stored);
    if (!isIndex(stored)) {
      for (const { digest } of await this.#lackingBlobs(target, manifest)) missing.add(digest);
      return;
    }
    for (const { digest } of chooseManifests(manifest, platforms)) {
      const child = await this.#findManifest(target, digest);
      if (child === null) missing.add(digest);
      else await this.#collectMissing(target, child, platforms, seen, missing);
    }
  }

  /** `listedFor` is the platform that an index gives the image, empty for an attestation's; null: its config knows. */
  async #measure(
    target: Target,
    stored: StoredManifest,
    listedFor: string | null,
    sizes: Map<Digest, number>,
    platforms: Set<string>,
  ): Promise<void> {
    if (sizes.has(stored.digest)) return;
    sizes.set(stored.digest, stored.bytes.byteLength);
    const manifest = readManifest(stored);
    if (isIndex(stored)) {
      for (const { digest, platform } of manifest.manifests) {
        const child = await this.#findManifest(target, digest);
        const listedFor = platform === undefined ? null : (tryNamePlatform(platform) ?? "");
        if (child !== null) await this.#measure(target, child, listedFor, sizes, platforms);
      }
      return;
    }
    const lacking = new Set(await this.#lackingBlobs(target, manifest));
    for (const blob of blobsOf(manifest)) if (!lacking.has(blob)) sizes.set(blob.digest, blob.size);
    if (lacking.size > 0) return;
    const platform = listedFor ?? platformOfConfig(await this.readConfig(target, manifest));
    if (platform !== null && platform !== "") platforms.add(platform);
  }

  async #lackingBlobs(target: Target, manifest: Manifest): Promise<readonly Descriptor[]> {
    const lacking: Descriptor[] = [];
    for (const blob of blobsOf(manifest)) if (!(await this.#blobs.isHere(target, blob.digest))) lacking.push(blob);
    return lacking;
  }

  async #findManifest({ namespace, path }: Target, digest: Digest): Promise<StoredManifest | null> {
    return (await this.find({ namespace, path, tag: null, digest }))?.manifest ?? null;
  }
}

function lacking(digests: readonly Digest[]): string {
  const more = digests.length > NAMED ? ", …" : "";
  return `${digests.length} of its parts are not here: ${digests.slice(0, NAMED).join(", ")}${more}`;
}
