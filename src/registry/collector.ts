import { mapBounded } from "../lib/async/map-bounded.ts";
import type { Digest } from "../oci/digest.ts";
import type { AsideStore } from "../storage/aside.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { WriteGuard } from "../storage/filesystem/folder-guard.ts";
import type { CollectionStore } from "../storage/metadata.ts";
import { type SetAside, StrayFiles, type StraySurvey, whyNotToCollect } from "./stray-files.ts";
import type { Uploads } from "./push/uploads.ts";

/** What a collection did. Bytes are those of blobs, of uploads that expired, and of what was given up. */
export type CollectionReport = {
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Files that no record names and that were taken out of the way, and those that came back since they have one again. */
  readonly setAside: number;
  readonly broughtBack: number;
  /** Files that had been set aside and were deleted. */
  readonly givenUp: number;
  /** What kept the collection from its work, and what to do; null when nothing did. */
  readonly problem: string | null;
};

/** Bounds of a collection, in milliseconds. */
export type CollectionLimits = {
  /** How long a blob stays that a pusher has brought or asked for, while its manifest may be on its way. */
  readonly graceMs: number;
  /** How long an upload may be silent before it is given up. */
  readonly uploadExpiryMs: number;
};

/** What a person may ask of a collection besides. */
export type CollectionOptions = {
  /** Files without a record are set aside however many they are. */
  readonly setAsideAll?: boolean | undefined;
  /** What was set aside so long ago is deleted; null or undefined: nothing. */
  readonly giveUpAfterMs?: number | null | undefined;
};

const BATCH = 500;
/** Blobs that are removed at once: those whose records are forgotten meanwhile share one sync of the database's log. */
const PARALLEL_BLOBS = 16;

/** All files are compared with their records at the first collection, at each that is wished for, and so often. */
const SURVEY_EVERY_MS = 6 * 3_600_000;
const NOTHING = { manifests: 0, links: 0, blobs: 0, bytes: 0, setAside: 0, broughtBack: 0, givenUp: 0, problem: null };

/**
 * Gives back the space of what nobody can reach any more.
 *
 * Links that no manifest needs go first, then blobs without links: those the database itself gives up. A file that it
 * does not know is only set aside; and when it does not know many, it is not believed at all. Between a blob's record and
 * its file, the digest is held, and so does a push between its file and its link: neither can pull the ground from under
 * the other.
 */
export class Collector {
  readonly #blobs: BlobStore;
  readonly #strays: StrayFiles;
  readonly #collection: CollectionStore;
  readonly #uploads: Uploads;
  readonly #now: () => number;
  readonly #guard: WriteGuard | null;
  #running: Promise<CollectionReport> | null = null;
  #surveyedAtMs: number | null = null;
  #refusal: string | null = null;

  /** `guard` is asked whether the store is in its place: what is missing in another is not to be collected. */
  constructor(
    blobs: BlobStore,
    aside: AsideStore,
    collection: CollectionStore,
    uploads: Uploads,
    now: () => number,
    guard: WriteGuard | null = null,
  ) {
    this.#blobs = blobs;
    this.#strays = new StrayFiles(blobs, aside, collection);
    this.#collection = collection;
    this.#uploads = uploads;
    this.#now = now;
    this.#guard = guard;
  }

  /** Why nothing is collected; null when nothing speaks against it. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Collects once, as a person asked for it or, when `options` is null, by itself. A call while one runs shares its outcome. Throws WritesRefused. */
  collect(limits: CollectionLimits, options: CollectionOptions | null = null): Promise<CollectionReport> {
    this.#running ??= this.#collect(limits, options).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #collect(limits: CollectionLimits, options: CollectionOptions | null): Promise<CollectionReport> {
    this.#guard?.confirm();
    const expired = await this.#uploads.expire(this.#now() - limits.uploadExpiryMs);
    const survey = options !== null || this.#isSurveyDue() ? await this.#survey(options?.setAsideAll === true) : null;
    if (this.#refusal !== null) return { ...NOTHING, bytes: expired, problem: this.#refusal };
    const { manifests, links } = await this.#collection.collectLinks(this.#now() - limits.graceMs);
    const { blobs, bytes } = await this.#removeUnlinked();
    const report = { ...NOTHING, manifests, links, blobs, bytes: expired + bytes };
    if (survey === null) return report;
    const { files, failure } = await this.#setAside(
      survey,
      this.#now() - limits.graceMs,
      options?.setAsideAll === true,
    );
    const broughtBack = await this.#strays.bringBack();
    const { giveUpAfterMs = null } = options ?? {};
    const given = giveUpAfterMs === null ? null : await this.#strays.giveUp(this.#now() - giveUpAfterMs);
    return {
      ...report,
      bytes: report.bytes + (given?.bytes ?? 0),
      setAside: files,
      broughtBack,
      givenUp: given?.files ?? 0,
      problem: failure === null ? null : `a file without a record could not be set aside: ${messageOf(failure)}`,
    };
  }

  /** A survey keeps the first strays only; who wants all of them aside gets them in several goes. */
  async #setAside(survey: StraySurvey, beforeMs: number, isAllWished: boolean): Promise<SetAside> {
    const { files, failure } = await this.#strays.setAside(survey, beforeMs);
    if (!isAllWished || files === 0 || survey.unrecorded <= survey.strays.length) return { files, failure };
    const rest = await this.#setAside(await this.#strays.survey(), beforeMs, true);
    return { files: files + rest.files, failure: failure ?? rest.failure };
  }

  #isSurveyDue(): boolean {
    // What was surveyed in the future was surveyed by a clock that was wrong.
    const ageMs = this.#surveyedAtMs === null ? SURVEY_EVERY_MS : this.#now() - this.#surveyedAtMs;
    return this.#refusal !== null || ageMs >= SURVEY_EVERY_MS || ageMs < 0;
  }

  async #survey(mayBeMany: boolean): Promise<StraySurvey> {
    const survey = await this.#strays.survey();
    this.#surveyedAtMs = this.#now();
    this.#refusal = mayBeMany ? null : whyNotToCollect(survey);
    return survey;
  }

  async #removeUnlinked(): Promise<{ blobs: number; bytes: number }> {
    let [blobs, bytes] = [0, 0];
    for (;;) {
      const batch = await this.#collection.listUnlinkedBlobs(BATCH);
      const sizes = await mapBounded(batch, PARALLEL_BLOBS, (digest) =>
        this.#collection.exclusively(digest, () => this.#removeBlob(digest)),
      );
      for (const size of sizes) {
        if (size === null) continue;
        blobs++;
        bytes += size;
      }
      if (batch.length < BATCH) return { blobs, bytes };
    }
  }

  /** Removes a blob that nothing links, as is looked at once more. The bytes that this frees; null when it is kept, or gone. */
  async #removeBlob(digest: Digest): Promise<number | null> {
    if (!(await this.#collection.forgetBlob(digest))) return null;
    const size = (await this.#blobs.size(digest)) ?? 0;
    return (await this.#blobs.remove(digest)) ? size : null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
