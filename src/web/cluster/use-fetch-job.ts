import { useEffect, useRef, useState } from "preact/hooks";
import type { FetchJobDetails } from "../../admin/fetch-job-schemas.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";

/** How often a job that is being done is asked how it goes. */
const ASK_MS = 1000;
/** After a failure. */
const AGAIN_MS = 5000;

/** A job with all its images, as far as is known, and how fast it comes. */
export type WatchedJob = {
  readonly job: FetchJobDetails | null;
  readonly bytesPerSecond: number | null;
  readonly problem: ApiProblem | null;
};

const NOTHING: WatchedJob = { job: null, bytesPerSecond: null, problem: null };

type Sample = { readonly atMs: number; readonly bytes: number };

/** Watches a job while it is being done; null watches nothing. `round`: another one asks anew, as after a retry. */
export function useFetchJob(id: string | null, round: number): WatchedJob {
  const [state, setState] = useState<WatchedJob>(NOTHING);
  const samples = useRef<readonly Sample[]>([]);
  useEffect(() => {
    // What was known of a job that nobody watches any more is old.
    if (id === null) setState(NOTHING);
    if (id === null) return undefined;
    const left = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let known: FetchJobDetails | null = null;
    samples.current = [];
    const ask = async (): Promise<void> => {
      try {
        const told = await call("getFetchJob", { job: id, after: known?.revision ?? 0 }, left.signal);
        known = merge(known, told);
        samples.current = [...samples.current, { atMs: performance.now(), bytes: told.bytes }].slice(-6);
        setState({ job: known, bytesPerSecond: rateOf(samples.current), problem: null });
        if (told.state === "running") timer = setTimeout(() => void ask(), ASK_MS);
      } catch (failure) {
        if (left.signal.aborted) return;
        const problem = asProblem(failure);
        setState((before) => ({ ...before, problem }));
        // One that was forgotten does not come back.
        if (problem.status !== 404) timer = setTimeout(() => void ask(), AGAIN_MS);
      }
    };
    void ask();
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [id, round]);
  return state;
}

/** While it is being done, only images that changed are told of. */
function merge(known: FetchJobDetails | null, told: FetchJobDetails): FetchJobDetails {
  if (known === null || told.state !== "running") return told;
  const images = [...known.images];
  for (const image of told.images) images[image.index] = image;
  return { ...told, images };
}

function rateOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < ASK_MS / 2) return null;
  return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs));
}
