import { useEffect, useRef, useState } from "preact/hooks";
import type { FetchJobDetails } from "../../admin/fetch-job-schemas.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { onReach } from "../api/reach.ts";
import { useFresh } from "../api/use-fresh.ts";

/** What has come further is told of once a second; after this without a word nothing comes. */
const STILL_MS = 3000;
/** A rate over less than this says nothing. */
const SHORTEST_MS = 500;
const SAMPLES = 6;

/** A job with all its images, as far as is known, and how fast it comes. */
export type WatchedJob = {
  readonly job: FetchJobDetails | null;
  readonly bytesPerSecond: number | null;
  readonly problem: ApiProblem | null;
};

const NOTHING: WatchedJob = { job: null, bytesPerSecond: null, problem: null };

type Sample = { readonly atMs: number; readonly bytes: number };

/**
 * Watches a job while it is being done; null watches nothing. `round`: another one asks anew, as after a retry; so does another
 * `isRunning`, as others tell it.
 */
export function useFetchJob(id: string | null, round: number, isRunning = true): WatchedJob {
  const [state, setState] = useState<WatchedJob>(NOTHING);
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    // What was known of a job that nobody watches any more is old.
    if (id === null) setState(NOTHING);
    if (id === null) return undefined;
    const watch = watchJob(id, setState);
    again.current = watch.again;
    return () => {
      again.current = () => {};
      watch.end();
    };
  }, [id, round, isRunning]);
  useFresh({ changed: ["fetches"] }, () => again.current());
  useStandstill(state, setState);
  return state;
}

type SetState = (change: (before: WatchedJob) => WatchedJob) => void;

/** Asks now, and whenever it is told to, until the job has ended or is gone. */
function watchJob(id: string, setState: SetState) {
  const left = new AbortController();
  let known: FetchJobDetails | null = null;
  let samples: readonly Sample[] = [];
  let isOver = false;
  let isAsking = false;
  let isDue = false;
  const ask = async (): Promise<void> => {
    isAsking = true;
    isDue = false;
    try {
      const told = await call("getFetchJob", { job: id, after: known?.revision ?? 0 }, left.signal);
      const job = merge(known, told);
      known = job;
      samples = [...samples, { atMs: performance.now(), bytes: told.bytes }].slice(-SAMPLES);
      isOver = told.state !== "running";
      setState(() => ({ job, bytesPerSecond: rateOf(samples), problem: null }));
    } catch (failure) {
      if (left.signal.aborted) return;
      const problem = asProblem(failure);
      setState((before) => ({ ...before, problem }));
      // One that was forgotten does not come back.
      isOver = problem.status === 404;
    }
    isAsking = false;
    if (isDue) again();
  };
  const again = (): void => {
    isDue = true;
    if (!isOver && !isAsking) void ask();
  };
  const endReach = onReach((isReached) => isReached && again());
  void ask();
  const end = (): void => {
    endReach();
    left.abort();
  };
  return { again, end };
}

/** What stands still is not said to move. */
function useStandstill(state: WatchedJob, setState: SetState): void {
  useEffect(() => {
    if (state.bytesPerSecond === null || state.bytesPerSecond === 0) return undefined;
    const timer = setTimeout(() => setState((before) => ({ ...before, bytesPerSecond: 0 })), STILL_MS);
    return () => clearTimeout(timer);
  }, [state]);
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
  if (first === undefined || last === undefined || last.atMs - first.atMs < SHORTEST_MS) return null;
  return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs));
}
