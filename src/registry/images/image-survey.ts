import type { Work } from "../../lib/async/turns.ts";
import { ALL_PLATFORMS, formatSelection, type PlatformSelection } from "../../oci/platform-selection.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { StoredManifest, StoredTag, TagStore } from "../../storage/metadata.ts";
import { candidateNames, type MayPull, searchFor, type SearchOrder } from "../names/search-order.ts";
import { checkCompleteness, type CompletenessReport } from "./completeness.ts";
import { ImageVisit, type PartStores } from "./image-visit.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { platformOfConfig } from "../../oci/image-config.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { tryNamePlatform } from "./image-summary.ts";

/** The image that a reference means here. `tag` is null when a digest was asked for. */
export type FoundImage = {
  readonly foundIn: RepositoryName;
  readonly tag: StoredTag | null;
  readonly manifest: StoredManifest;
};

/** The stores that a survey reads. */
export type SurveyParts = PartStores & {
  readonly tags: TagStore;
  readonly order: SearchOrder;
  /** What whoever asks may pull from. Nothing else is here for them. */
  readonly mayPull?: MayPull;
};

/** After so many parts of images a survey has done enough for one request: seconds of work. */
const ENOUGH_PARTS = 500_000;

/**
 * Looks at the images that are here, for one request: it finds what a pull would get, and never asks upstream.
 *
 * Whoever may ask may ask much: a survey works in turns, looks at an image once however often it is named, and ends
 * when the client has left.
 */
export class ImageSurvey {
  readonly #parts: SurveyParts;
  readonly #work: Work;
  readonly #enoughParts: number;
  readonly #reports = new Map<string, CompletenessReport>();
  readonly #extents = new Map<string, ImageExtent>();
  #looked = 0;

  constructor(parts: SurveyParts, work: Work, enoughParts = ENOUGH_PARTS) {
    this.#parts = parts;
    this.#work = work;
    this.#enoughParts = enoughParts;
  }

  /** Has it looked at so much that the rest should be asked for anew? */
  get hasSeenEnough(): boolean {
    return this.#looked >= this.#enoughParts;
  }

  /** Is this repository there, for whoever asks? */
  async sees(repository: Repository): Promise<boolean> {
    return (await this.#parts.mayPull?.(repository)) !== false;
  }

  /** What answers to a reference; null when nothing does. */
  async find({ namespace, path, tag, digest }: Reference): Promise<FoundImage | null> {
    const { order, manifests, tags, mayPull } = this.#parts;
    await this.#work.rest();
    if (!(await this.sees({ namespace, path }))) return null;
    for (const { repository, accept } of await searchFor({ namespace, path }, order, mayPull)) {
      const foundIn = nameOf(repository);
      if (digest !== null) {
        const manifest = await manifests.getManifest(foundIn, digest);
        if (manifest !== null) return { foundIn, tag: null, manifest };
      } else if (tag !== null) {
        const found = await tags.getTagged(foundIn, tag);
        if (found !== null && (accept !== "pushed" || found.tag.kind === "pushed")) return { foundIn, ...found };
      }
    }
    return null;
  }

  /** Would a pull succeed: are the tag, the selected manifests and all of their blobs on disk, at their sizes? */
  async check(reference: Reference, selection: PlatformSelection): Promise<CompletenessReport> {
    const found = await this.find(reference);
    if (found === null) {
      return {
        state: "absent",
        missing: [],
        missingCount: 0,
        missingBytes: null,
        reason: `${formatReference(reference)} is not here`,
      };
    }
    const key = `${nameOf(reference)}@${found.manifest.digest} ${JSON.stringify(formatSelection(selection))}`;
    return this.#once(this.#reports, key, reference, (visit) => checkCompleteness(visit, found.manifest, selection));
  }

  /** How much of an image is here. */
  async measure(repository: Repository, root: StoredManifest): Promise<ImageExtent> {
    const key = `${nameOf(repository)}@${root.digest}`;
    return this.#once(this.#extents, key, repository, (visit) => measureImage(visit, root));
  }

  /** How many bytes are here of a manifest and of all that it names; 0 when it is not here. */
  async sizeOf(repository: Repository, digest: Digest): Promise<number> {
    const root = await this.#parts.manifests.getManifest(nameOf(repository), digest);
    return root === null ? 0 : (await this.measure(repository, root)).sizeBytes;
  }

  /** A visit to one image by itself. */
  async visit(repository: Repository): Promise<ImageVisit> {
    const { order, mayPull } = this.#parts;
    const names = candidateNames(repository, await searchFor(repository, order, mayPull));
    return new ImageVisit(this.#parts, names, this.#work, mayPull);
  }

  async #once<T>(known: Map<string, T>, key: string, repository: Repository, look: (visit: ImageVisit) => Promise<T>) {
    const before = known.get(key);
    if (before !== undefined) return before;
    const visit = await this.visit(repository);
    const seen = await look(visit);
    this.#looked += visit.looked;
    known.set(key, seen);
    return seen;
  }
}

/**
 * How much of an image is here. `sizeBytes` counts manifests, and blobs that are whole, each once; `platforms` are
 * those of which every blob is here, in order, a hundred at most.
 */
type ImageExtent = { readonly sizeBytes: number; readonly platforms: readonly string[] };

const PLATFORMS_LIMIT = 100;

/** Measures how much of an image is here. What turns out to be none, or too much of one, counts as far as it was visited. */
async function measureImage(visit: ImageVisit, root: StoredManifest): Promise<ImageExtent> {
  const sizes = new Map<Digest, number>();
  const platforms = new Set<string>();
  try {
    for await (const step of visit.walk(root, ALL_PLATFORMS)) {
      if (step.kind === "missing") continue;
      const { content, blobs, manifest, listed, isIndex } = step;
      sizes.set(content.digest, content.bytes.byteLength);
      const lacking = await visit.lacking(blobs);
      for (const { digest, size } of blobs) if (!lacking.has(digest)) sizes.set(digest, size);
      if (isIndex || lacking.size > 0) continue;
      const platform = await namedPlatform(visit, listed, manifest.config);
      if (platform !== null) platforms.add(platform);
    }
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
  }
  const sizeBytes = sizes.values().reduce((sum, size) => sum + size, 0);
  return { sizeBytes, platforms: [...platforms].sort().slice(0, PLATFORMS_LIMIT) };
}

/** The platform that the index gives an image, null for an attestation's; else the config knows. */
async function namedPlatform(
  visit: ImageVisit,
  listed: Descriptor | null,
  config: Descriptor | null,
): Promise<string | null> {
  if (listed?.platform !== undefined) return tryNamePlatform(listed.platform);
  return config === null ? null : tryNamePlatform(platformOfConfig(await visit.config(config)));
}
