import {
  FETCH_JOBS_KEPT,
  type FetchJobStore,
  type StoredFetchImage,
  type StoredFetchJob,
  summaryOfImages,
} from "../fetch-jobs.ts";

type Job = StoredFetchJob & { readonly images: readonly StoredFetchImage[] };

/** Fetch jobs in memory. */
export class MemoryFetchJobs implements FetchJobStore {
  readonly #jobs = new Map<string, Job>();

  async put(job: Omit<StoredFetchJob, "counts" | "bytes">, images: readonly StoredFetchImage[]): Promise<void> {
    this.#jobs.set(job.id, { ...job, ...summaryOfImages(images), images: structuredClone(images) });
    for (const { id } of this.#newestFirst().slice(FETCH_JOBS_KEPT)) this.#jobs.delete(id);
  }

  async list(): Promise<readonly StoredFetchJob[]> {
    return this.#newestFirst().map(({ id, title, who, startedAtMs, endedAtMs, counts, bytes }) => {
      return { id, title, who, startedAtMs, endedAtMs, counts, bytes };
    });
  }

  async get(id: string): Promise<Job | null> {
    return this.#jobs.get(id) ?? null;
  }

  async remove(id: string): Promise<boolean> {
    return this.#jobs.delete(id);
  }

  #newestFirst(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? -1 : 1));
  }
}
