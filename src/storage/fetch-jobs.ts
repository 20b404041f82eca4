/**
 * The contract of fetch jobs: lists of images that were to be brought, and what became of each. A job that has not ended and
 * runs nowhere was interrupted. Times are milliseconds since 1970.
 */

/** What became of an image of a job, so far. `waiting`: nothing yet. */
type FetchOutcome = "waiting" | "brought" | "present" | "failed" | "cancelled";

/** An image of a job. */
export type StoredFetchImage = {
  /** Its full name. */
  readonly image: string;
  /** As the admin API writes a selection. */
  readonly platforms: "all" | readonly string[] | { readonly prefer: string };
  readonly outcome: FetchOutcome;
  /** Bytes that came for it. */
  readonly bytes: number;
  /** Why it failed, or what of it could not be had; null: nothing is to be said. */
  readonly reason: string | null;
};

/** A job without its images. */
export type StoredFetchJob = {
  readonly id: string;
  /** What it is for, in the words of who asked; null: they did not say. */
  readonly title: string | null;
  readonly who: string | null;
  readonly startedAtMs: number;
  /** Null: it has not ended. */
  readonly endedAtMs: number | null;
  /** How many images have which outcome. */
  readonly counts: Readonly<Record<FetchOutcome, number>>;
  readonly bytes: number;
};

/** So many jobs are kept; the oldest go. */
export const FETCH_JOBS_KEPT = 50;

/** The fetch jobs of one store, by their ids. */
export interface FetchJobStore {
  /** Writes a job down, in place of what was of its id. Durable when it returns. What is older than the newest `FETCH_JOBS_KEPT` goes. */
  put(job: Omit<StoredFetchJob, "counts" | "bytes">, images: readonly StoredFetchImage[]): Promise<void>;
  /** All of them, the newest first. */
  list(): Promise<readonly StoredFetchJob[]>;
  /** Null when there is none. */
  get(id: string): Promise<(StoredFetchJob & { readonly images: readonly StoredFetchImage[] }) | null>;
  /** False when there was none. Durable when it returns. */
  remove(id: string): Promise<boolean>;
}

/** How many images have which outcome, and what came in all. */
export function summaryOfImages(images: readonly StoredFetchImage[]): Pick<StoredFetchJob, "counts" | "bytes"> {
  const counts = { waiting: 0, brought: 0, present: 0, failed: 0, cancelled: 0 };
  let bytes = 0;
  for (const image of images) {
    counts[image.outcome]++;
    bytes += image.bytes;
  }
  return { counts, bytes };
}
