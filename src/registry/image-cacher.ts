import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Blobs } from "./blobs.ts";
import { blobsOf, chooseManifests, isIndex, type PlatformChoice, readManifest } from "./image-walk.ts";
import type { Target } from "./locate.ts";
import type { Manifests } from "./manifests.ts";
import type { ManifestReference } from "./manifest-reference.ts";
import type { OnBehalf } from "./origin.ts";
import type { Referrers } from "./referrers.ts";

/** Something that happened while an image was brought here. Sizes are in bytes. */
export type CacheEvent =
  | { readonly kind: "resolved"; readonly digest: Digest; readonly warning: string | null }
  | {
      readonly kind: "blob";
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly state: "present" | "fetching";
    }
  | { readonly kind: "progress"; readonly digest: Digest; readonly doneBytes: number; readonly sizeBytes: number }
  | { readonly kind: "fetched"; readonly digest: Digest; readonly sizeBytes: number };

/** Told of each event as it happens. */
export type CacheObserver = (event: CacheEvent) => void;

/** Layers of one image that are fetched at once, as Docker and containerd do. */
const PARALLEL_BLOBS = 4;
const PROGRESS_EVERY_MS = 200;
/** Upstream is asked though the cached tag may be fresh: who says "cache" means now. */
const NOW: OnBehalf = { via: null, revalidate: true };

/** Brings whole images here before anyone pulls them: manifests, blobs of the chosen platforms, and what refers to them. */
export class ImageCacher {
  readonly #manifests: Manifests;
  readonly #blobs: Blobs;
  readonly #referrers: Referrers;

  constructor(manifests: Manifests, blobs: Blobs, referrers: Referrers) {
    this.#manifests = manifests;
    this.#blobs = blobs;
    this.#referrers = referrers;
  }

  /** Brings an image. Throws what a pull of it would throw. */
  async cache(
    target: Target,
    reference: ManifestReference,
    platforms: PlatformChoice,
    observe: CacheObserver,
  ): Promise<void> {
    const { manifest, warning } = await this.#manifests.get(target, reference, NOW);
    observe({ kind: "resolved", digest: manifest.digest, warning });
    const digests = [manifest.digest];
    const blobs = new Map<Digest, Descriptor>();
    const collect = (list: readonly Descriptor[]) => {
      for (const blob of list) blobs.set(blob.digest, blob);
    };
    if (isIndex(manifest)) {
      for (const child of chooseManifests(readManifest(manifest), platforms)) {
        digests.push(child.digest);
        collect(await this.#blobsOf(target, child.digest, platforms));
      }
    } else {
      collect(blobsOf(readManifest(manifest)));
    }
    for (const digest of digests) collect(await this.#blobsOfReferrers(target, digest));
    await this.#bringAll(target, [...blobs.values()], observe);
  }

  async #blobsOf(target: Target, digest: Digest, platforms: PlatformChoice): Promise<readonly Descriptor[]> {
    const { manifest } = await this.#manifests.get(target, { kind: "digest", digest }, NOW);
    if (!isIndex(manifest)) return blobsOf(readManifest(manifest));
    const nested = chooseManifests(readManifest(manifest), platforms);
    return (await Promise.all(nested.map((child) => this.#blobsOf(target, child.digest, platforms)))).flat();
  }

  async #blobsOfReferrers(target: Target, digest: Digest): Promise<readonly Descriptor[]> {
    const found = await this.#referrers.list(target, digest, null, NOW);
    return (await Promise.all(found.map((referrer) => this.#blobsOf(target, referrer.digest, "all")))).flat();
  }

  async #bringAll(target: Target, blobs: readonly Descriptor[], observe: CacheObserver): Promise<void> {
    const queue = [...blobs];
    const work = async () => {
      for (let blob = queue.shift(); blob !== undefined; blob = queue.shift()) await this.#bring(target, blob, observe);
    };
    await Promise.all(Array.from({ length: PARALLEL_BLOBS }, work));
  }

  async #bring(target: Target, { digest, size }: Descriptor, observe: CacheObserver): Promise<void> {
    const download = await this.#blobs.bring(target, digest, NOW);
    if (download === null) return observe({ kind: "blob", digest, sizeBytes: size, state: "present" });
    observe({ kind: "blob", digest, sizeBytes: download.size, state: "fetching" });
    const timer = setInterval(
      () => observe({ kind: "progress", digest, doneBytes: download.written, sizeBytes: download.size }),
      PROGRESS_EVERY_MS,
    );
    try {
      await download.done;
    } finally {
      clearInterval(timer);
    }
    observe({ kind: "fetched", digest, sizeBytes: download.size });
  }
}
