import type { Work } from "../../lib/async/turns.ts";
import { algorithmOf, type Digest, digestOf } from "../../oci/digest.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import { ALL_PLATFORMS } from "../../oci/platform-selection.ts";
import { formatReference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { HoldingStore, StoredManifest, TagKind } from "../../storage/metadata.ts";
import type { ImageSurvey } from "../images/image-survey.ts";
import type { Inventory } from "../images/inventory.ts";
import { parseImageName } from "../names/image-name.ts";
import type { BlobVerifier, OnRead, Verdict } from "./blob-verifier.ts";

/**
 * An image that was verified: `whole`; `partial`, where all that is here is right and not all is here; `damaged`; or `absent`.
 * `problems` has a line for each part that is rotten, or of a pushed image missing; the first hundred.
 */
export type VerifiedImage = {
  readonly image: string;
  readonly status: "whole" | "partial" | "damaged" | "absent";
  readonly problems: readonly string[];
};

/** What a verification of images reads. */
export type ImageVerifierParts = {
  readonly inventory: Inventory;
  readonly holdings: HoldingStore;
  readonly verifier: BlobVerifier;
};

const PROBLEMS_NAMED = 100;
const BLOBS_AT_ONCE = 100;
/** What images share is read once, as far as that many blobs are remembered. */
const REMEMBERED = 50_000;
const EVERYTHING = { namespace: null, text: "", kind: null, order: { by: "name", descending: false } } as const;

/** What a verification of images is done with. */
export type ImageVerification = {
  readonly survey: ImageSurvey;
  readonly work: Work;
  readonly signal: AbortSignal;
  readonly onRead: OnRead;
  readonly onVerdict: (verdict: Verdict) => void;
};

/** Verifies single images: their manifests, and all of their blobs that are here. */
export class ImageVerifier {
  readonly #parts: ImageVerifierParts;

  constructor(parts: ImageVerifierParts) {
    this.#parts = parts;
  }

  /** Verifies images by their names and by patterns, one after the other. Throws NAME_INVALID, TAG_INVALID, DIGEST_INVALID. */
  async *verify(named: readonly string[], how: ImageVerification): AsyncGenerator<VerifiedImage, void, void> {
    const known = new Map<Digest, Verdict>();
    for (const text of named) if (!text.includes("*")) parseImageName(text);
    for (const text of named) {
      if (text.includes("*")) yield* this.#verifyMatching(text, how, known);
      else yield await this.#verifyNamed(text, how, known);
    }
  }

  async *#verifyMatching(text: string, how: ImageVerification, known: Map<Digest, Verdict>) {
    const { name, tag: tagPattern } = parseImagePattern(text);
    for await (const { tag, manifest } of this.#parts.inventory.list({ ...EVERYTHING, after: null }, how.signal)) {
      await how.work.rest();
      if (!name.matches(tag.repository) || tagPattern?.matches(tag.tag) === false) continue;
      yield await this.#verifyImage({ image: `${tag.repository}:${tag.tag}`, manifest, ...tag }, how, known);
    }
  }

  async #verifyNamed(text: string, how: ImageVerification, known: Map<Digest, Verdict>): Promise<VerifiedImage> {
    const reference = parseImageName(text);
    const found = await how.survey.find(reference);
    if (found === null) return { image: formatReference(reference), status: "absent", problems: [] };
    const { foundIn, tag, manifest } = found;
    const image = tag === null ? `${foundIn}@${manifest.digest}` : `${foundIn}:${tag.tag}`;
    return this.#verifyImage({ image, manifest, repository: foundIn, kind: tag?.kind ?? null }, how, known);
  }

  async #verifyImage(
    { image, manifest: root, repository, kind }: Found,
    how: ImageVerification,
    known: Map<Digest, Verdict>,
  ): Promise<VerifiedImage> {
    const problems: string[] = [];
    let isPartial = false;
    const lacks = (what: string): void => {
      isPartial = true;
      if (kind === "pushed") problems.push(`${what} is not here`);
    };
    try {
      const visit = await how.survey.visit(repositoryOf(repository));
      for await (const step of visit.walk(root, ALL_PLATFORMS)) {
        if (step.kind === "missing") {
          lacks(`the manifest ${step.listed.digest}`);
          continue;
        }
        problems.push(...wrongBytes(step.content));
        const digests = step.blobs.map(({ digest }) => digest);
        for (let at = 0; at < digests.length; at += BLOBS_AT_ONCE) {
          const some = digests.slice(at, at + BLOBS_AT_ONCE);
          const sizes = await this.#parts.holdings.findLinkedAnywhere(some);
          for (const digest of some) {
            const size = sizes.get(digest);
            const verdict = size === undefined ? null : await this.#verifyBlob(digest, size, how, known);
            if (verdict === null || verdict.kind === "absent") lacks(`the blob ${digest}`);
            else if (verdict.kind === "rotten" && !verdict.isHealed) problems.push(describe(verdict));
          }
        }
      }
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      problems.push(error.message);
    }
    const status = problems.length > 0 ? "damaged" : isPartial ? "partial" : "whole";
    return { image, status, problems: problems.slice(0, PROBLEMS_NAMED) };
  }

  async #verifyBlob(digest: Digest, size: number, how: ImageVerification, known: Map<Digest, Verdict>) {
    const before = known.get(digest);
    if (before !== undefined) return before;
    if (known.size >= REMEMBERED) known.clear();
    const verdict = await this.#parts.verifier.verify({ digest, size }, how.work, how.onRead);
    known.set(digest, verdict);
    how.onVerdict(verdict);
    return verdict;
  }
}

type Found = {
  readonly image: string;
  readonly manifest: StoredManifest;
  readonly repository: Parameters<typeof repositoryOf>[0];
  readonly kind: TagKind | null;
};

function wrongBytes({ digest, bytes }: StoredManifest): readonly string[] {
  const actual = digestOf(bytes, algorithmOf(digest));
  return actual === digest ? [] : [`the manifest ${digest} has the digest ${actual}`];
}

function describe({ digest, rot, reason, why }: Extract<Verdict, { kind: "rotten" }>): string {
  return `the blob ${digest} is ${rot}: ${reason}${why === null ? "" : `; ${why}`}`;
}
