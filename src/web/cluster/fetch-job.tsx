import { useEffect, useRef, useState } from "preact/hooks";
import type { FetchJobState } from "../../admin/fetch-job-schemas.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { Chip } from "../parts/chip.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { JobImages } from "./job-images.tsx";
import { countsInWords, progressOf, speedOf } from "./job-words.ts";
import { useFetchJob } from "./use-fetch-job.ts";

type Props = {
  /** As the list has it: what is newer is asked for here. */
  readonly listed: FetchJobState;
  readonly isOpen: boolean;
  readonly onOpen: (isOpen: boolean) => void;
  /** It has ended, begun again or gone. */
  readonly onChange: () => void;
};

/** A list of images that larder brings: how far it is, what failed, and what can be done. */
export function FetchJob({ listed, isOpen, onOpen, onChange }: Props) {
  const [round, setRound] = useState(0);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const isRunning = listed.state === "running";
  const watched = useFetchJob(isRunning || isOpen ? listed.id : null, round, isRunning);
  const job = watched.job ?? listed;
  const { done, all } = progressOf(job);
  const title = listed.title ?? "A list of images";
  useEnding(job, () => {
    announce(`${title}: ${countsInWords(job)}`);
    onChange();
  });
  const act = async (work: () => Promise<unknown>) => {
    setProblem(null);
    try {
      await work();
      setRound((before) => before + 1);
      onChange();
    } catch (failure) {
      setProblem(asProblem(failure));
    }
  };
  const missing = job.counts.failed + job.counts.cancelled + job.counts.waiting;
  const id = { job: listed.id };
  return (
    <li class="panel fetch-job">
      <h3>
        <StrangerText text={title} limit={200} />
      </h3>
      <p class="quiet">
        <StateChip job={job} /> {countsInWords(job)} ·{" "}
        {speedOf(job.bytes, job.state === "running" ? watched.bytesPerSecond : null)} · begun{" "}
        <TimeAgo atMs={job.startedAtMs} />
        {job.who !== null && (
          <>
            {" "}
            by <StrangerText text={job.who} limit={100} />
          </>
        )}
      </p>
      {job.state === "running" && (
        <ProgressBar label={`${title}: images`} value={done} max={all}>
          {`${done} of ${all} images`}
        </ProgressBar>
      )}
      <ProblemNote problem={problem ?? watched.problem} />
      <div class="buttons">
        <button type="button" aria-expanded={isOpen} onClick={() => onOpen(!isOpen)}>
          {isOpen ? "Hide its images" : "Show its images"}
        </button>
        {job.state === "running" && (
          <button type="button" onClick={() => void act(() => call("cancelFetchJob", id))}>
            Cancel
          </button>
        )}
        {job.state !== "running" && missing > 0 && (
          <button type="button" onClick={() => void act(() => call("retryFetchJob", id))}>
            {job.state === "interrupted" ? "Go on" : `Try the ${missing} again`}
          </button>
        )}
        {job.state !== "running" && (
          <button type="button" onClick={() => void act(() => call("removeFetchJob", id))}>
            Forget
          </button>
        )}
      </div>
      {isOpen && watched.job !== null && <JobImages images={watched.job.images} />}
    </li>
  );
}

function StateChip({ job }: { readonly job: FetchJobState }) {
  if (job.state === "running") return <Chip tone="accent">on its way</Chip>;
  if (job.state === "interrupted") {
    return (
      <Chip tone="warn" title="larder ended meanwhile">
        interrupted
      </Chip>
    );
  }
  const { failed, cancelled } = job.counts;
  return failed > 0 ? (
    <Chip tone="bad">ended, not whole</Chip>
  ) : cancelled > 0 ? (
    <Chip>cancelled</Chip>
  ) : (
    <Chip tone="good">done</Chip>
  );
}

/** Calls back once when a job that was being done has ended. */
function useEnding({ id, state }: Pick<FetchJobState, "id" | "state">, onEnd: () => void): void {
  const before = useRef(state);
  const latest = useRef(onEnd);
  latest.current = onEnd;
  useEffect(() => {
    const hasEnded = before.current === "running" && state !== "running";
    before.current = state;
    if (hasEnded) latest.current();
  }, [id, state]);
}
