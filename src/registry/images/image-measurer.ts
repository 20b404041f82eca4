import type { Turns, Work } from "../../lib/async/turns.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { FoundTag, ImageMeasure, ImageSearchStore } from "../../storage/image-search.ts";
import type { ManifestStore, TagStore } from "../../storage/metadata.ts";
import { hasSignatures } from "./has-signatures.ts";
import type { ImageSurvey } from "./image-survey.ts";

/** Images whose measures are noted in one transaction. */
const BATCH = 50;

/** A tag with its measure. */
export type MeasuredTag = FoundTag & { readonly measure: ImageMeasure };

/** What images are measured with. */
export type MeasurerParts = {
  readonly store: ImageSearchStore;
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  /** A look at what is here, for everyone: what an image comes to is the same for all who may see it. */
  readonly survey: (signal: AbortSignal, enoughParts?: number) => ImageSurvey;
  readonly turns: Turns;
};

/**
 * Measures what is here of images, and keeps that until something of them changes: those that are shown at once; all of them,
 * beside other work, when somebody wants them in the order of their sizes.
 */
export class ImageMeasurer {
  readonly #parts: MeasurerParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;

  constructor(parts: MeasurerParts) {
    this.#parts = parts;
  }

  /** The tags, with measures as far as so many parts of images go; those of the others stay null. */
  async measureShown(
    tags: readonly FoundTag[],
    enoughParts: number,
    signal: AbortSignal,
  ): Promise<readonly FoundTag[]> {
    if (tags.every(({ measure }) => measure !== null)) return tags;
    const survey = this.#parts.survey(signal, enoughParts);
    const work = this.#parts.turns.begin(signal);
    const shown: FoundTag[] = [];
    const measured: MeasuredTag[] = [];
    for (const tag of tags) {
      const isOpen = tag.measure === null && !survey.hasSeenEnough;
      const measure = isOpen ? await this.#measure(tag, survey, work) : tag.measure;
      if (isOpen && measure !== null) measured.push({ ...tag, measure });
      shown.push({ ...tag, measure });
    }
    await this.#note(measured);
    return shown;
  }

  /** Begins to measure all that is not, unless that goes on already. */
  begin(): void {
    if (this.#stopping.signal.aborted) return;
    // What cannot be measured stays so until it is asked for again.
    this.#running ??= this.#measureAll(this.#stopping.signal)
      .catch(() => {})
      .finally(() => {
        this.#running = null;
      });
  }

  /** Ends what goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #measureAll(signal: AbortSignal): Promise<void> {
    const { store, survey, turns } = this.#parts;
    const work = turns.begin(signal);
    for (let before = ""; ; ) {
      const { tags } = await store.listUnmeasured(BATCH);
      const now = JSON.stringify(tags.map(({ repository, tag, kind, mark }) => [repository, tag, kind, mark]));
      // Nothing of it could be noted.
      if (tags.length === 0 || now === before) return;
      before = now;
      const look = survey(signal);
      const measured: MeasuredTag[] = [];
      for (const tag of tags) {
        const measure = await this.#measure(tag, look, work);
        if (measure !== null) measured.push({ ...tag, measure });
        await work.rest();
      }
      if (!(await this.#note(measured))) return;
      await work.nextTurn();
    }
  }

  /** Null: it has gone meanwhile. */
  async #measure({ repository, digest }: FoundTag, survey: ImageSurvey, work: Work): Promise<ImageMeasure | null> {
    const manifest = await this.#parts.manifests.getManifest(repository, digest);
    if (manifest === null) return null;
    const { sizeBytes, platforms } = await survey.measure(repositoryOf(repository), manifest);
    return { sizeBytes, platforms, isSigned: await hasSignatures(this.#parts, repository, digest, work) };
  }

  /** False: the store takes nothing just now. What was measured is shown all the same. */
  async #note(measured: readonly MeasuredTag[]): Promise<boolean> {
    if (measured.length === 0) return true;
    return this.#parts.store.noteMeasures(measured).then(
      () => true,
      () => false,
    );
  }
}
