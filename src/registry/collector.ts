import { mapBounded } from "../lib/async/map-bounded.ts";
import type { Digest } from "../oci/digest.ts";
import type { AsideStore } from "../storage/aside.ts";
import type { BlobStore } from "../storage/blobs.ts";
import { type EventStore, NO_CAUSE } from "../storage/events.ts";
import { type Leases, underLease } from "../storage/leases.ts";
import type { BlobTransitionStore, CollectionStore } from "../storage/collection.ts";
import { isUnkeepable } from "../storage/storage-error.ts";
import type { WriteGuard } from "../storage/write-guard.ts";
import { CollectionTally, type CollectionTotals } from "./collection-tally.ts";
import { type SetAside, UnrecordedFiles, type FileSurvey, whyNotToCollect } from "./unrecorded-files.ts";
import type { RetentionReport } from "./retention/retention.ts";
import type { Uploads } from "./push/uploads.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

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
  /** Tags that retention rules took. */
  readonly tags: number;
  /** What retention has to say, for the log; null: nothing. */
  readonly notice: string | null;
};

/** Bounds of a collection, in milliseconds. */
export type CollectionLimits = {
  /** How long a blob stays that a pusher has brought or asked for, while its manifest may be on its way. */
  readonly graceMs: number;
  /** How long an upload may be silent before it is given up. */
  readonly uploadExpiryMs: number;
};

/** What an operator may ask of a collection beyond its limits. */
export type CollectionOptions = {
  /** Files without a record are set aside however many they are. */
  readonly setAsideAll?: boolean | undefined;
  /** What was set aside so long ago is deleted; null or undefined: nothing. */
  readonly giveUpAfterMs?: number | null | undefined;
};

/** The stores that a collection works on. */
export type CollectorParts = {
  readonly blobs: BlobStore;
  readonly aside: AsideStore;
  readonly collection: CollectionStore;
  readonly transitions: BlobTransitionStore;
  readonly events: EventStore;
  readonly leases: Leases;
  readonly uploads: Uploads;
  /** Takes what goes by itself, before it is looked what nothing needs any more; null: nothing does. */
  readonly retention: { keepHouse(): Promise<RetentionReport> } | null;
  readonly now: () => number;
  /** Is asked whether the store is in its place: what is missing in another is not to be collected. */
  readonly guard: WriteGuard | null;
};

const BATCH = 500;
/** Files of blobs that are removed at once. */
const PARALLEL_BLOBS = 16;

/** All files are compared with their records at the first collection, at each that a person starts, and this often. */
const SURVEY_EVERY_MS = 6 * 3_600_000;
const NOTHING = {
  manifests: 0,
  links: 0,
  blobs: 0,
  bytes: 0,
  setAside: 0,
  broughtBack: 0,
  givenUp: 0,
  problem: null,
  tags: 0,
  notice: null,
};

/**
 * Gives back the space of what nobody can reach any more.
 *
 * Links that no manifest needs go first, then blobs without links: those the database itself gives up. A file that it
 * does not know is only set aside; and when it does not know many, it is not believed at all. A blob is going while its file
 * is taken away, and arriving while a push puts one (`BlobTransitionStore`): neither can pull the ground from under the other.
 */
export class Collector {
  readonly #parts: CollectorParts;
  readonly #unrecorded: UnrecordedFiles;
  readonly #tally = new CollectionTally();
  #running: Promise<CollectionReport> | null = null;
  #surveyedAtMs: number | null = null;
  #refusal: string | null = null;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    this.#unrecorded = new UnrecordedFiles(parts);
  }

  /** Why nothing is collected; null when nothing speaks against it. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** What collections came to since the start. */
  get totals(): CollectionTotals {
    return this.#tally.totals;
  }

  /** Collects once, as a person asked for it or, when `options` is null, by itself. A call while one runs shares its outcome. Throws WritesRefused. */
  collect(limits: CollectionLimits, options: CollectionOptions | null = null): Promise<CollectionReport> {
    this.#running ??= this.#tally.watch(this.#collectAlone(limits, options), this.#parts.now).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** As `collect` by itself, of all that has been let go until now: one that is running may have passed it by. */
  async collectAfresh(limits: CollectionLimits): Promise<CollectionReport> {
    // Its failure is told to those who began it.
    await this.#running?.catch(() => {});
    return this.collect(limits);
  }

  async #collectAlone(limits: CollectionLimits, options: CollectionOptions | null): Promise<CollectionReport> {
    const done = await underLease(this.#parts.leases, "collection", () => this.#collect(limits, options));
    return (
      done?.value ?? { ...NOTHING, problem: "another larder is just collecting in the same store; wait for its end" }
    );
  }

  async #collect(limits: CollectionLimits, options: CollectionOptions | null): Promise<CollectionReport> {
    const { uploads, collection, now, guard } = this.#parts;
    guard?.confirm();
    const expired = await uploads.expire(now() - limits.uploadExpiryMs);
    const survey = options !== null || this.#isSurveyDue() ? await this.#survey(options?.setAsideAll === true) : null;
    if (this.#refusal !== null) return { ...NOTHING, bytes: expired, problem: this.#refusal };
    const kept = (await this.#parts.retention?.keepHouse()) ?? { manifests: 0, tags: 0, notice: null };
    const { manifests, links } = await collection.collectLinks(now() - limits.graceMs);
    const { blobs, bytes } = await this.#removeUnlinked();
    if (blobs > 0) await this.#tell(bytes);
    const { tags, notice } = kept;
    const report = {
      ...NOTHING,
      manifests: manifests + kept.manifests,
      links,
      blobs,
      bytes: expired + bytes,
      tags,
      notice,
    };
    if (survey === null) return report;
    const { files, failure } = await this.#setAside(survey, now() - limits.graceMs, options?.setAsideAll === true);
    const broughtBack = await this.#unrecorded.bringBack();
    const { giveUpAfterMs = null } = options ?? {};
    const given = giveUpAfterMs === null ? null : await this.#unrecorded.giveUp(now() - giveUpAfterMs);
    return {
      ...report,
      bytes: report.bytes + (given?.bytes ?? 0),
      setAside: files,
      broughtBack,
      givenUp: given?.files ?? 0,
      problem: failure === null ? null : `a file without a record could not be set aside: ${messageOf(failure)}`,
    };
  }

  async #tell(sizeBytes: number): Promise<void> {
    const { events, now } = this.#parts;
    const what = { repository: null, tag: null, digest: null, mediaType: null };
    // On a disk that is full in spite of it, the report tells the same to whoever asked.
    const tell = events.append({ ...NO_CAUSE, ...what, kind: "collected", atMs: now(), sizeBytes });
    await tell.catch((error: unknown) => {
      if (!isUnkeepable(error)) throw error;
    });
  }

  /** Sets files without a record aside. A survey names the first ones only, so `isAll` means one survey after another. */
  async #setAside(survey: FileSurvey, beforeMs: number, isAll: boolean): Promise<SetAside> {
    const { files, failure } = await this.#unrecorded.setAside(survey, beforeMs);
    if (!isAll || files === 0 || survey.unrecorded <= survey.digests.length) return { files, failure };
    const rest = await this.#setAside(await this.#unrecorded.survey(), beforeMs, true);
    return { files: files + rest.files, failure: failure ?? rest.failure };
  }

  #isSurveyDue(): boolean {
    // What was surveyed in the future was surveyed by a clock that was wrong.
    const ageMs = this.#surveyedAtMs === null ? SURVEY_EVERY_MS : this.#parts.now() - this.#surveyedAtMs;
    return this.#refusal !== null || ageMs >= SURVEY_EVERY_MS || ageMs < 0;
  }

  async #survey(mayBeMany: boolean): Promise<FileSurvey> {
    const survey = await this.#unrecorded.survey();
    this.#surveyedAtMs = this.#parts.now();
    this.#refusal = mayBeMany ? null : whyNotToCollect(survey);
    return survey;
  }

  async #removeUnlinked(): Promise<{ blobs: number; bytes: number }> {
    const removed: Removed = { blobs: 0, bytes: 0, failure: null };
    for (let after: Digest | null = null; ; ) {
      const batch: readonly Digest[] = await this.#parts.collection.listUnlinkedBlobs({ after, limit: BATCH });
      await this.#parts.transitions.takeAway(batch, "unlinked", (going) => this.#removeFiles(going, removed));
      after = batch.at(-1) ?? null;
      if (batch.length === BATCH) continue;
      if (removed.failure !== null) throw removed.failure;
      return removed;
    }
  }

  /** Those whose files are gone. One that cannot be removed keeps the others from nothing. */
  async #removeFiles(digests: readonly Digest[], removed: Removed): Promise<readonly Digest[]> {
    const { blobs } = this.#parts;
    const gone = await mapBounded(digests, PARALLEL_BLOBS, async (digest) => {
      try {
        const size = (await blobs.size(digest)) ?? 0;
        if (!(await blobs.remove(digest))) return digest;
        removed.blobs++;
        removed.bytes += size;
        return digest;
      } catch (error) {
        removed.failure ??= error;
        return null;
      }
    });
    return gone.filter((digest) => digest !== null);
  }
}

/** What was removed so far, and why a file could not be. */
type Removed = { blobs: number; bytes: number; failure: unknown };

function messageOf(error: unknown): string {
  return describeFailure(error);
}
