import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";
import { bring, findMissing, type Missing } from "./missing-images.ts";

type State =
  | { readonly kind: "unasked" }
  | { readonly kind: "looking" }
  | { readonly kind: "looked"; readonly missing: readonly Missing[]; readonly looked: number }
  | { readonly kind: "bringing"; readonly done: number; readonly all: number; readonly current: string };

/** Is all that is in a recording here, whole? And what is not is brought. */
export function WholeCheck({ name }: { readonly name: string }) {
  const [state, setState] = useState<State>({ kind: "unasked" });
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const left = useRef(new AbortController());
  useEffect(() => () => left.current.abort(), []);
  const attempt = async (work: (signal: AbortSignal) => Promise<void>) => {
    const { signal } = left.current;
    setProblem(null);
    try {
      await work(signal);
    } catch (failure) {
      if (signal.aborted) return;
      setProblem(asProblem(failure));
      setState({ kind: "unasked" });
    }
  };
  const look = (signal: AbortSignal) => {
    setState({ kind: "looking" });
    return findMissing(name, signal).then(({ missing, looked }) => setState({ kind: "looked", missing, looked }));
  };
  const fetchAll = async (signal: AbortSignal, missing: readonly Missing[]) => {
    for (const [done, one] of missing.entries()) {
      setState({ kind: "bringing", done, all: missing.length, current: one.image });
      // What cannot be brought is told of when all are looked at again.
      await bring(one, signal);
    }
    await look(signal);
  };
  return (
    <div class="panel" aria-live="polite">
      {state.kind === "looked" ? (
        <Outcome {...state} onBring={() => void attempt((signal) => fetchAll(signal, state.missing))} />
      ) : state.kind === "bringing" ? (
        <ProgressBar label="Images that were brought" value={state.done} max={state.all}>
          {state.done} of {state.all}: {state.current}
        </ProgressBar>
      ) : (
        <p>Is every image of it here, complete?</p>
      )}
      {state.kind !== "bringing" && (
        <button type="button" aria-busy={state.kind === "looking"} onClick={() => void attempt(look)}>
          {state.kind === "looking" ? "Checking…" : state.kind === "looked" ? "Check again" : "Check"}
        </button>
      )}
      <ProblemNote problem={problem} />
    </div>
  );
}

const SHOWN = 20;

function Outcome(props: {
  readonly missing: readonly Missing[];
  readonly looked: number;
  readonly onBring: () => void;
}) {
  const { missing, looked, onBring } = props;
  if (missing.length === 0) {
    return <p>Everything is here, complete: {looked.toLocaleString("en")} images and platforms were checked.</p>;
  }
  return (
    <>
      <p>
        {missing.length} of {looked} are missing or incomplete:
      </p>
      <ul>
        {missing.slice(0, SHOWN).map(({ image, platform, reason }) => (
          <li key={`${image} ${platform}`}>
            {image.replace(/@.*/, "")}
            {platform !== null && ` (${platform})`} <span class="quiet">{withoutDigests(reason)}</span>
          </li>
        ))}
      </ul>
      {missing.length > SHOWN && <p class="quiet">and {missing.length - SHOWN} more</p>}
      <button type="button" class="primary" onClick={onBring}>
        Bring what is missing
      </button>{" "}
    </>
  );
}

/** Which ones they are is of use to nobody here: all of them are brought. */
function withoutDigests(reason: string): string {
  return reason.replace(/: sha(?:256|512):.*$/s, "");
}
