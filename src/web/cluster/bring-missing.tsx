import { useState } from "preact/hooks";
import type { FetchJobState } from "../../admin/fetch-job-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { useSession } from "../api/session.ts";
import { useAnswer } from "../api/use-answer.ts";
import { CommandBlock } from "../parts/command-block.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import type { NeededImage } from "./discovered.ts";
import { countOf, knownBytes } from "./summary.ts";

/** As many as a job may have. */
const JOB_IMAGES = 5000;

type Props = {
  readonly title: string;
  readonly missing: readonly NeededImage[];
  /** The flags of the command that does the same. */
  readonly flags: string;
  /** Is a list of these being brought already? */
  readonly isComing: boolean;
  readonly onBegun: (job: FetchJobState) => void;
};

/** The button that brings what is missing; for who may not, the line that does it. */
export function BringMissing({ title, missing, flags, isComing, onBegun }: Props) {
  const { session } = useSession();
  const { answer: health } = useAnswer("getHealth", missing.length === 0 ? null : {});
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  if (missing.length === 0 || session === null) return null;
  if (session.may.administer !== "all") {
    return (
      <div class="note">
        <p>
          Who administers this larder can bring {missing.length === 1 ? "it" : "them"}, with the files that you gave:
        </p>
        <CommandBlock
          command={`larder preload --keep-going ${flags} PATH`}
          label="the line that brings what is missing"
        />
      </div>
    );
  }
  const bytes = knownBytes(missing);
  const free = health?.disk.freeBytes ?? null;
  const bring = async () => {
    if (isBusy || isComing) return;
    setIsBusy(true);
    setProblem(null);
    try {
      const images = missing.slice(0, JOB_IMAGES).map(({ image, platforms }) => ({ image, platforms }));
      onBegun(await call("startFetchJob", { title: title.slice(0, 200), images }));
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <>
      {free !== null && bytes > free && (
        <div class="note note-warn" role="status">
          <p>
            They need at least {formatBytes(bytes)}, and {formatBytes(free)} are free on larder’s disk: what does not
            fit fails, unless cached images may be evicted for it.
          </p>
        </div>
      )}
      {health?.offline === true && (
        <div class="note note-warn" role="status">
          <p>
            Larder is offline: it asks no registry before somebody switches that off (<code>larder offline off</code>).
          </p>
        </div>
      )}
      <ProblemNote problem={problem} />
      <button
        type="button"
        class="primary"
        aria-disabled={isBusy || isComing}
        aria-busy={isBusy}
        onClick={() => void bring()}
      >
        {isComing
          ? "They are on their way"
          : `Bring ${missing.length === 1 ? "the missing image" : `the ${countOf(missing.length, "missing image")}`}`}
      </button>
    </>
  );
}
