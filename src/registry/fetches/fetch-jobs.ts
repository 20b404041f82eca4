import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import {
  type FetchJobStore,
  type StoredFetchImage,
  type StoredFetchJob,
  summaryOfImages,
} from "../../storage/fetch-jobs.ts";
import type { Log } from "../../telemetry/log.ts";
import { type FetchAsker, FetchJob, jobImage, type JobImage } from "./fetch-job.ts";
import { RegistryPauses } from "./registry-pauses.ts";

/** How an image comes along. */
export type FetchTold =
  | { readonly kind: "present" }
  | { readonly kind: "extent"; readonly sizeBytes: number }
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "warning"; readonly message: string };

/** Brings an image that is not here whole. Throws RegistryErrors, and the signal's reason. */
export type BringImage = (
  image: Pick<StoredFetchImage, "image" | "platforms">,
  tell: (told: FetchTold) => void,
  asker: FetchAsker,
  signal: AbortSignal,
) => Promise<void>;

/** What jobs are done with. */
export type FetchJobsParts = {
  readonly store: FetchJobStore;
  readonly bring: BringImage;
  /** Is told when a job comes, goes or has ended. */
  readonly onChange: () => void;
  /** Is told, often, when a job has come further. */
  readonly onProgress: () => void;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Images that are brought at once, of all jobs; each brings several layers at once. As `larder preload` does. */
const PARALLEL = 3;
/** Jobs that are being done at once. */
const JOBS = 20;
/** So often an image waits for its registry. */
const PAUSES = 12;

/** A job as it stands; `images` are those that changed after the revision that was asked with. */
export type FetchJobView = StoredFetchJob & {
  readonly state: "running" | "ended" | "interrupted";
  readonly revision: number;
  readonly images: readonly JobImage[];
};

/**
 * Brings lists of images, whoever watches. A few images of all jobs are on their way at once; a registry that wants to be left
 * alone for some time is, and its images wait. What is to be done is written down when a job begins, and what became of it
 * when it ends: one that larder's end broke off is interrupted, until somebody has it go on.
 */
export class FetchJobs {
  readonly #parts: FetchJobsParts;
  readonly #running = new Map<string, FetchJob>();
  readonly #pauses: RegistryPauses;
  readonly #flights = new Set<Promise<void>>();
  #isStopped = false;

  constructor(parts: FetchJobsParts) {
    this.#parts = parts;
    this.#pauses = new RegistryPauses(parts.now, () => this.#pump());
  }

  /** Begins a job. Throws UNAVAILABLE when too many are being done. */
  async start(
    images: readonly Pick<StoredFetchImage, "image" | "platforms">[],
    title: string | null,
    asker: FetchAsker,
  ): Promise<FetchJobView> {
    const waiting = images.map((image) => ({ ...image, outcome: "waiting" as const, bytes: 0, reason: null }));
    const id = crypto.randomUUID();
    return this.#begin(
      new FetchJob({ id, title, startedAtMs: this.#parts.now(), asker }, waiting, this.#parts.onProgress),
    );
  }

  /** Has what did not come, or was not tried, tried again. Null when there is no such job. A job that runs goes on. */
  async retry(id: string, asker: FetchAsker): Promise<FetchJobView | null> {
    const running = this.#running.get(id);
    if (running !== undefined) return this.#view(running, 0);
    const stored = await this.#parts.store.get(id);
    if (stored === null) return null;
    const images = stored.images.map((image) =>
      image.outcome === "brought" || image.outcome === "present"
        ? image
        : { ...image, outcome: "waiting" as const, bytes: 0, reason: null },
    );
    return this.#begin(new FetchJob({ ...stored, asker }, images, this.#parts.onProgress));
  }

  /** Begins nothing more of a job, and waits for nothing of it. False when none of this id is being done. */
  async cancel(id: string): Promise<boolean> {
    const job = this.#running.get(id);
    if (job === undefined) return false;
    job.cancellation.abort(new Error("the job was cancelled"));
    for (const [index, { state }] of job.images.entries()) {
      if (state === "waiting" || state === "paused") job.note(index, { state: "cancelled", untilMs: null });
    }
    await this.#endIfDone(job);
    return true;
  }

  /** Forgets a job; one that is being done is cancelled. False when there is none. */
  async remove(id: string): Promise<boolean> {
    const job = this.#running.get(id);
    job?.cancellation.abort(new Error("the job was removed"));
    this.#running.delete(id);
    const isRemoved = (await this.#parts.store.remove(id)) || job !== undefined;
    if (isRemoved) this.#parts.onChange();
    return isRemoved;
  }

  /** All jobs without their images, the newest first. */
  async list(): Promise<readonly Omit<FetchJobView, "images">[]> {
    const stored = await this.#parts.store.list();
    return stored.map((job) => {
      const running = this.#running.get(job.id);
      if (running === undefined) return { ...job, state: stateOf(job), revision: 0 };
      const { images: _, ...view } = this.#view(running, Number.POSITIVE_INFINITY);
      return view;
    });
  }

  /** Null when there is no such job. */
  async get(id: string, afterRevision: number): Promise<FetchJobView | null> {
    const running = this.#running.get(id);
    if (running !== undefined) return this.#view(running, afterRevision);
    const stored = await this.#parts.store.get(id);
    if (stored === null) return null;
    // Who watched it while it was being done is told all once more.
    return { ...stored, state: stateOf(stored), revision: 0, images: stored.images.map(jobImage) };
  }

  /** Ends all that is being done, and writes down how far it came. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pauses.end();
    for (const job of this.#running.values()) job.cancellation.abort(new Error("larder is being stopped"));
    await Promise.all(this.#flights);
    await Promise.all(this.#running.values().map((job) => this.#save(job, null)));
  }

  async #begin(job: FetchJob): Promise<FetchJobView> {
    if (this.#isStopped) throw new RegistryError("UNAVAILABLE", "larder is being stopped");
    if (this.#running.size >= JOBS) {
      throw new RegistryError("UNAVAILABLE", `${JOBS} lists are being fetched already: wait for one, or cancel it`);
    }
    this.#running.set(job.id, job);
    try {
      await this.#parts.store.put(rowOf(job, null), job.stored());
    } catch (error) {
      this.#running.delete(job.id);
      throw error;
    }
    this.#parts.onChange();
    await this.#endIfDone(job);
    this.#pump();
    return this.#view(job, 0);
  }

  /** Begins as many images as may be on their way, of one job after the other. */
  #pump(): void {
    if (this.#isStopped) return;
    for (let hasBegun = true; hasBegun && this.#flights.size < PARALLEL; ) {
      hasBegun = false;
      for (const job of this.#running.values()) {
        if (this.#flights.size >= PARALLEL) return;
        if (job.cancellation.signal.aborted) continue;
        const index = job.next((image) => this.#pauses.isPaused(image));
        if (index === null) continue;
        hasBegun = true;
        const flight = this.#bring(job, index).finally(() => {
          this.#flights.delete(flight);
          this.#pump();
        });
        this.#flights.add(flight);
      }
    }
  }

  async #bring(job: FetchJob, index: number): Promise<void> {
    const image = job.images[index];
    if (image === undefined) return;
    const { signal } = job.cancellation;
    job.note(index, { state: "fetching", untilMs: null });
    let isPresent = false;
    const warnings: string[] = [];
    const tell = (told: FetchTold): void => {
      // Who has cancelled it is shown no more of it.
      if (signal.aborted) return;
      if (told.kind === "present") isPresent = true;
      else if (told.kind === "extent") job.note(index, { sizeBytes: told.sizeBytes });
      else if (told.kind === "bytes") job.note(index, { bytes: told.bytes });
      else if (warnings.length < 3) warnings.push(told.message);
    };
    try {
      await this.#parts.bring({ image: image.image, platforms: image.platforms }, tell, job.asker, signal);
      if (!isPresent) this.#pauses.forget(image.image);
      const reason = warnings.length === 0 ? null : warnings.join("; ");
      job.note(index, { state: isPresent ? "present" : "brought", reason });
    } catch (error) {
      this.#noteFailure(job, index, error);
    }
    await this.#endIfDone(job);
  }

  #noteFailure(job: FetchJob, index: number, error: unknown): void {
    if (job.cancellation.signal.aborted) return job.note(index, { state: this.#isStopped ? "waiting" : "cancelled" });
    const image = job.images[index]?.image ?? "";
    if (error instanceof RegistryError && error.code === "TOOMANYREQUESTS" && this.#pauses.countOf(image) < PAUSES) {
      const untilMs = this.#pauses.pause(image, error.retryAfterSeconds);
      return job.note(index, { state: "paused", untilMs, reason: error.message });
    }
    if (!(error instanceof RegistryError)) {
      this.#parts.log.write("error", "an image could not be fetched", { image, error: describeFailure(error) });
    }
    const reason = error instanceof RegistryError ? error.message : "larder failed; its log says why";
    job.note(index, { state: "failed", reason });
  }

  async #endIfDone(job: FetchJob): Promise<void> {
    if (!job.isDone || this.#running.get(job.id) !== job) return;
    await this.#save(job, this.#parts.now());
    if (this.#running.get(job.id) === job) this.#running.delete(job.id);
    this.#parts.onChange();
  }

  /** What cannot be written down is in the log: the images are here all the same. */
  async #save(job: FetchJob, endedAtMs: number | null): Promise<void> {
    try {
      await this.#parts.store.put(rowOf(job, endedAtMs), job.stored());
    } catch (error) {
      this.#parts.log.write("warning", "how a list was fetched could not be written down", {
        job: job.id,
        error: describeFailure(error),
      });
    }
  }

  #view(job: FetchJob, afterRevision: number): FetchJobView {
    const images = job.images.filter(({ revision }) => revision > afterRevision);
    const summary = summaryOfImages(job.stored());
    return { ...rowOf(job, null), ...summary, state: "running", revision: job.revision, images };
  }
}

function rowOf({ id, title, startedAtMs, asker }: FetchJob, endedAtMs: number | null) {
  return { id, title, who: asker.who, startedAtMs, endedAtMs };
}

function stateOf({ endedAtMs }: StoredFetchJob): "ended" | "interrupted" {
  return endedAtMs === null ? "interrupted" : "ended";
}
