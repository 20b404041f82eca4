import { orAborted } from "../../lib/async/or-aborted.ts";
import type { Turns, Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { walkImage } from "../../oci/image-walk.ts";
import { ALL_PLATFORMS, type PlatformSelection } from "../../oci/platform-selection.ts";
import { isNonDistributable } from "../../oci/media-type.ts";
import { findReferrers, walkReferrers } from "../../oci/referrers.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import { type EventCause, NO_CAUSE } from "../../storage/events.ts";
import type { StoredManifest } from "../../storage/metadata.ts";
import type { Blobs } from "../pull/blobs.ts";
import type { Manifests } from "../pull/manifests.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";
import type { FoundManifest, PullContext, Puller } from "../pull/origin.ts";
import { AttachedImages } from "./attached-images.ts";
import { PulledImage } from "./pulled-image.ts";
import type { Referrers } from "./referrers.ts";

/** Something that happened while an image was brought here. Sizes are in bytes. */
export type CacheEvent =
  | { readonly kind: "resolved"; readonly digest: Digest; readonly warning: string | null }
  /** What it consists of, without what refers to it. */
  | { readonly kind: "extent"; readonly blobs: number; readonly sizeBytes: number }
  | {
      readonly kind: "blob";
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly state: "present" | "fetching";
    }
  | { readonly kind: "progress"; readonly digest: Digest; readonly doneBytes: number; readonly sizeBytes: number }
  | { readonly kind: "fetched"; readonly digest: Digest; readonly sizeBytes: number }
  | { readonly kind: "warning"; readonly message: string };

/** Is told of each event of a caching as it happens. */
export type CacheObserver = (event: CacheEvent) => void;

/** What an image was found to consist of, each once. */
type Found = {
  readonly manifests: Set<Digest>;
  readonly blobs: Map<Digest, Descriptor>;
  readonly context: PullContext;
  readonly work: Work;
  readonly signal: AbortSignal | null;
};

/** Layers of one image that are fetched at once, as Docker and containerd do. */
const PARALLEL_BLOBS = 4;
/** Manifests that are asked for what refers to them at once, each by five questions. */
const PARALLEL_SUBJECTS = 3;
/** An index of all platforms, with an attestation for each, has some thirty. */
const SUBJECTS = 256;
const PROGRESS_EVERY_MS = 200;
/** Upstream is asked though the cached tag may be fresh: who says "cache" means now. */
const NOW: PullContext = { via: null, revalidate: true };

/** Caches whole images before anyone pulls them: manifests, blobs of the chosen platforms, and referrers. */
export class ImageCacher {
  readonly #manifests: Manifests;
  readonly #blobs: Blobs;
  readonly #referrers: Referrers;
  readonly #turns: Turns;

  constructor(manifests: Manifests, blobs: Blobs, referrers: Referrers, turns: Turns) {
    this.#turns = turns;
    this.#manifests = manifests;
    this.#blobs = blobs;
    this.#referrers = referrers;
  }

  /**
   * Brings an image on behalf of `cause`. Throws what a pull of it would throw. `puller` is for whom it is pulled, where that is
   * not larder itself. When `signal` fires, nothing more of it is begun and nobody waits for the rest, which goes on: others
   * may want it. Then it throws the signal's reason.
   */
  async cache(
    repository: Repository,
    reference: ManifestReference,
    selection: PlatformSelection,
    observe: CacheObserver,
    cause: EventCause = NO_CAUSE,
    puller: Puller = {},
    signal: AbortSignal | null = null,
  ): Promise<void> {
    const { requestId } = cause;
    const context = { ...NOW, cause, ...puller, ...(requestId === null ? {} : { requestId }) };
    const { manifest, warning } = await this.#root(repository, reference, context);
    observe({ kind: "resolved", digest: manifest.digest, warning });
    const work = this.#turns.begin(signal);
    const found: Found = { manifests: new Set(), blobs: new Map(), context, work, signal };
    await this.#collect(repository, manifest, selection, found);
    const sizeBytes = found.blobs.values().reduce((sum, { size }) => sum + size, 0);
    observe({ kind: "extent", blobs: found.blobs.size, sizeBytes });
    const [own, foreign] = partition(found.blobs, ({ mediaType }) => !isNonDistributable(mediaType));
    await this.#bringAll(repository, { ...found, blobs: own }, observe);
    await this.#bringReferrers(repository, found, observe);
    // What may be had from nowhere is to keep nothing else from coming.
    await this.#bringAll(repository, { ...found, blobs: foreign }, observe);
  }

  async #root(repository: Repository, reference: ManifestReference, context: PullContext): Promise<FoundManifest> {
    try {
      return await this.#manifests.get(repository, reference, context);
    } catch (error) {
      const isNowhere =
        error instanceof RegistryError && error.code === "MANIFEST_UNKNOWN" && error.cause === undefined;
      if (!isNowhere) throw error;
      // A puller is told to have it cached; the one who asks for just that is not.
      const name = reference.kind === "tag" ? `:${reference.tag}` : `@${reference.digest}`;
      const what = `${nameOf(repository)}${name} is neither here nor at ${repository.namespace}`;
      throw new RegistryError("MANIFEST_UNKNOWN", what, { detail: error.detail });
    }
  }

  async #collect(
    repository: Repository,
    root: StoredManifest,
    selection: PlatformSelection,
    found: Found,
  ): Promise<void> {
    const reader = new PulledImage(
      { manifests: this.#manifests, blobs: this.#blobs },
      repository,
      found.context,
      found.work,
    );
    for await (const step of walkImage(root, { reader, selection, work: found.work })) {
      if (step.kind === "missing") {
        const what = `an index of ${nameOf(repository)} lists ${step.listed.digest}`;
        throw new RegistryError("MANIFEST_UNKNOWN", `${what}, which is neither here nor at ${repository.namespace}`);
      }
      found.manifests.add(step.content.digest);
      for (const blob of step.blobs) found.blobs.set(blob.digest, blob);
    }
  }

  /** What refers to the image, whole. The image is here already: what fails from here on is a warning. */
  async #bringReferrers(repository: Repository, image: Found, observe: CacheObserver): Promise<void> {
    const parts = { manifests: this.#manifests, referrers: this.#referrers };
    const place = new AttachedImages(parts, repository, image.context);
    const subjects = [...image.manifests].slice(0, SUBJECTS);
    if (subjects.length < image.manifests.size) {
      observe({
        kind: "warning",
        message: `signatures and the like of its first ${SUBJECTS} manifests were looked for`,
      });
    }
    await walkReferrers(subjects, {
      find: (subject) => findReferrers(subject, place),
      enter: async ({ digest }) => {
        const found: Found = { ...image, manifests: new Set(), blobs: new Map() };
        await place.attempt("what refers to it", async () => {
          const { manifest } = await this.#manifests.get(repository, { kind: "digest", digest }, image.context);
          await this.#collect(repository, manifest, ALL_PLATFORMS, found);
          await this.#bringAll(repository, found, observe);
        });
        return { value: null, manifests: [...found.manifests].filter((one) => !image.manifests.has(one)) };
      },
      jobs: PARALLEL_SUBJECTS,
    });
    for (const message of place.warnings) observe({ kind: "warning", message });
  }

  async #bringAll(repository: Repository, found: Found, observe: CacheObserver): Promise<void> {
    const queue = found.blobs.values();
    let hasFailed = false;
    const worker = async () => {
      for (const blob of queue) {
        // After a failure nothing more begins.
        if (hasFailed) return;
        await found.work.rest();
        await this.#bring(repository, blob, found, observe);
      }
    };
    try {
      await Promise.all(Array.from({ length: PARALLEL_BLOBS }, worker));
    } finally {
      hasFailed = true;
    }
  }

  async #bring(
    repository: Repository,
    { digest, size, urls = [] }: Descriptor,
    { context, signal }: Found,
    observe: CacheObserver,
  ): Promise<void> {
    const elsewhere = urls.length === 0 ? {} : { elsewhere: { urls, sizeBytes: size } };
    const download = await this.#blobs.bring(repository, digest, { ...context, ...elsewhere });
    if (download === null) return observe({ kind: "blob", digest, sizeBytes: size, state: "present" });
    observe({ kind: "blob", digest, sizeBytes: download.size, state: "fetching" });
    const timer = setInterval(
      () => observe({ kind: "progress", digest, doneBytes: download.written, sizeBytes: download.size }),
      PROGRESS_EVERY_MS,
    );
    try {
      await orAborted(download.done, signal ?? undefined);
    } finally {
      clearInterval(timer);
    }
    observe({ kind: "fetched", digest, sizeBytes: download.size });
  }
}

/** Those of the blobs that are meant, and the others. */
function partition(
  blobs: ReadonlyMap<Digest, Descriptor>,
  isMeant: (blob: Descriptor) => boolean,
): [Map<Digest, Descriptor>, Map<Digest, Descriptor>] {
  const [meant, others] = [new Map<Digest, Descriptor>(), new Map<Digest, Descriptor>()];
  for (const [digest, blob] of blobs) (isMeant(blob) ? meant : others).set(digest, blob);
  return [meant, others];
}
