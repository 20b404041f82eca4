import { useEffect, useRef, useState } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { ApiProblem, asProblem } from "../api/api-problem.ts";
import { lines } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";

type Progress = { readonly doneBytes: number; readonly sizeBytes: number };

/** Fetches an image into larder, and tells how that goes. It goes on when the page is left. */
export function BringImage({ image, onBrought }: { readonly image: string; readonly onBrought: () => void }) {
  const [progress, setProgress] = useState<Progress | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [warning, setWarning] = useState<string | null>(null);
  const left = useRef(new AbortController());
  useEffect(() => () => left.current.abort(), []);
  const bring = async () => {
    setProgress({ doneBytes: 0, sizeBytes: 0 });
    setProblem(null);
    const blobs = new Map<string, Progress>();
    const note = (digest: string, one: Progress) => {
      blobs.set(digest, one);
      const sum = (of: (one: Progress) => number) => blobs.values().reduce((total, each) => total + of(each), 0);
      setProgress({ doneBytes: sum((each) => each.doneBytes), sizeBytes: sum((each) => each.sizeBytes) });
    };
    try {
      for await (const line of lines("fetchImage", { image, platforms: "all" }, left.current.signal)) {
        if (line.kind === "failed") throw new ApiProblem(line.message, 200, line.code);
        if (line.kind === "warning") setWarning(line.message);
        if (line.kind === "blob")
          note(line.digest, { doneBytes: line.state === "present" ? line.sizeBytes : 0, sizeBytes: line.sizeBytes });
        if (line.kind === "progress") note(line.digest, line);
        if (line.kind === "fetched") note(line.digest, { doneBytes: line.sizeBytes, sizeBytes: line.sizeBytes });
      }
      announce(`${image} is here`);
      onBrought();
    } catch (failure) {
      if (left.current.signal.aborted) return;
      setProblem(asProblem(failure));
    }
    setProgress(null);
  };
  return (
    <>
      {progress === null ? (
        <button type="button" class="primary" onClick={() => void bring()}>
          Bring {image} here
        </button>
      ) : (
        <ProgressBar label={`How much of ${image} is here`} value={progress.doneBytes} max={progress.sizeBytes || null}>
          {progress.sizeBytes === 0
            ? "asking its registry…"
            : `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.sizeBytes)}`}
        </ProgressBar>
      )}
      {warning !== null && <p class="quiet">{warning}</p>}
      <ProblemNote problem={problem} />
    </>
  );
}
