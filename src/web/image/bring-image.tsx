import { useEffect, useRef, useState } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { lines } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { type Bringing, BRINGING, noteLine } from "./bringing.ts";

type Props = {
  readonly name: string;
  /** Those that are brought: one of them, or all. */
  readonly platforms: "all" | readonly string[];
  readonly text: string;
  readonly why: string | null;
  readonly onDone: () => void;
};

/** Fetches what is missing of an image from its registry, and tells how that goes. */
export function BringImage({ name, platforms, text, why, onDone }: Props) {
  const [state, setState] = useState<Bringing | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const left = useRef<AbortController | null>(null);
  useEffect(() => () => left.current?.abort(), []);
  const begin = async () => {
    if (state !== null) return;
    const mine = new AbortController();
    left.current = mine;
    setProblem(null);
    let now: Bringing = BRINGING;
    setState(now);
    try {
      const request = { image: name, platforms: platforms === "all" ? platforms : [...platforms] } as const;
      for await (const line of lines("fetchImage", request, mine.signal)) {
        now = noteLine(now, line);
        setState(now);
      }
      if (now.failure !== null) setProblem(now.failure);
      else if (!now.isDone) setProblem(asProblem(new TypeError("cut off")));
      else {
        announce(`${name} is here`);
        onDone();
      }
    } catch (failure) {
      if (!mine.signal.aborted) setProblem(asProblem(failure));
    } finally {
      if (!mine.signal.aborted) setState(null);
    }
  };
  return (
    <div class="bring">
      <button
        type="button"
        aria-disabled={why !== null || state !== null}
        title={why ?? undefined}
        aria-description={why ?? undefined}
        onClick={why === null ? () => void begin() : undefined}
      >
        {text}
      </button>
      {state !== null && (
        <ProgressBar label={`Bringing ${name}`} value={state.doneBytes} max={state.wholeBytes || null}>
          {formatBytes(state.doneBytes)} of {formatBytes(state.wholeBytes)}
        </ProgressBar>
      )}
      {state?.warning != null && (
        <p class="note">
          <StrangerText text={state.warning} limit={1000} />
        </p>
      )}
      <ProblemNote problem={problem} />
    </div>
  );
}
