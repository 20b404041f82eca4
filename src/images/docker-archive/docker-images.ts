import type { Digest } from "../../oci/digest.ts";
import { type Manifest, parseManifest } from "../../oci/manifest.ts";
import type { Platform } from "../../oci/platform.ts";
import { bestListed } from "../../oci/choose-platforms.ts";
import { formatReference } from "../../oci/reference.ts";
import type { DockerImage } from "./docker-listing.ts";
import { tryParseImageName } from "../image-name.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import { blobPath } from "../layout/layout-index.ts";

/** Gathers the entries of an archive's `manifest.json` while manifests are put into it. */
export class DockerImages {
  readonly #label: string | null;
  readonly #platform: Platform;
  readonly #manifests = new Map<Digest, Manifest>();
  readonly #names = new Map<Digest, Set<string>>();

  /** `label` is the name that the location gives; null keeps each image's own. Of an index `platform` is listed. */
  constructor(label: string | null, platform: Platform) {
    this.#label = label;
    this.#platform = platform;
  }

  /** Keeps what a manifest says for the time when an index that lists it is put. */
  remember(content: ManifestContent): void {
    this.#manifests.set(content.digest, parseManifest(content.bytes, content.mediaType));
  }

  /** Lists an image, by the name of the location or its own. An image may come several times, under several names. */
  add(content: ManifestContent, name: string | null): void {
    this.remember(content);
    const names = this.#names.get(content.digest) ?? new Set<string>();
    const reference = tryParseImageName(this.#label ?? name ?? "");
    // Docker takes no digests here, and an image without a name none at all.
    if (reference?.tag) names.add(formatReference({ ...reference, digest: null }));
    this.#names.set(content.digest, names);
  }

  /** The images in the order in which they came. One without a config is none of Docker's, and is left out. */
  list(): readonly DockerImage[] {
    return [...this.#names].flatMap(([digest, names]) => {
      const manifest = this.#imageOf(digest);
      if (manifest === null || manifest.config === null) return [];
      const layers = manifest.layers.map((layer) => blobPath(layer.digest));
      return [{ config: blobPath(manifest.config.digest), names: [...names], layers }];
    });
  }

  /** Docker's list has one platform for each image: of an index the one that was asked for, or else the first. */
  #imageOf(digest: Digest): Manifest | null {
    const manifest = this.#manifests.get(digest) ?? null;
    if (manifest === null || manifest.manifests.length === 0) return manifest;
    const mine = bestListed(manifest.manifests, this.#platform);
    return this.#imageOf((mine ?? manifest.manifests[0])?.digest ?? digest);
  }
}
