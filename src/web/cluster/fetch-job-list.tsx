import { useEffect, useState } from "preact/hooks";
import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { FetchJob } from "./fetch-job.tsx";

/** What comes further is asked for by itself: the list tells what others begin. */
const EVERY_MS = 5000;
const SHOWN = 5;

type Props = {
  /** Grows when a job was begun here. */
  readonly round: number;
  /** The job whose images are shown; null: none. */
  readonly open: string | null;
  readonly onOpen: (id: string | null) => void;
  /** A job has ended: what is here has changed. */
  readonly onEnd: () => void;
};

/** The lists that larder brings or has brought, whoever began them. */
export function FetchJobList({ round, open, onOpen, onEnd }: Props) {
  const { answer, problem, again } = useAnswer("listFetchJobs", {});
  const [showsAll, setShowsAll] = useState(false);
  useEffect(() => {
    if (round > 0) again();
  }, [round]);
  useFresh({ changed: ["fetches"] }, again, { everyMs: EVERY_MS });
  const jobs = answer?.jobs ?? [];
  if (jobs.length === 0) return <ProblemNote problem={problem} again={again} />;
  const shown = showsAll ? jobs : jobs.filter(({ id, state }, at) => at < SHOWN || state === "running" || id === open);
  return (
    <section aria-labelledby="fetch-jobs">
      <h2 id="fetch-jobs">Lists that larder brings</h2>
      <p class="quiet">They go on when this page is closed.</p>
      <ProblemNote problem={problem} again={again} />
      <ul class="fetch-jobs">
        {shown.map((job) => (
          <FetchJob
            key={job.id}
            listed={job}
            isOpen={open === job.id}
            onOpen={(isOpen) => onOpen(isOpen ? job.id : null)}
            onChange={() => {
              again();
              onEnd();
            }}
          />
        ))}
      </ul>
      {shown.length < jobs.length && (
        <button type="button" onClick={() => setShowsAll(true)}>
          Show all {jobs.length}
        </button>
      )}
    </section>
  );
}
