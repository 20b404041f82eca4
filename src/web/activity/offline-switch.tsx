import { useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { useFresh } from "../api/use-fresh.ts";
import { useSession } from "../api/session.ts";
import { useAnswer } from "../api/use-answer.ts";
import { announce } from "../parts/announcer.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";

/** Forbids and allows contact with upstream registries, for who may. */
export function OfflineSwitch() {
  const { answer, again } = useAnswer("getOffline", {});
  const { session } = useSession();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isSwitching, setIsSwitching] = useState(false);
  useFresh({ changed: ["offline"] }, again);
  if (answer === null || session === null) return null;
  const may = session.may.administer === "all";
  const { offline } = answer;
  const flip = async () => {
    if (!may || isSwitching) return;
    setIsSwitching(true);
    setProblem(null);
    try {
      await call("setOffline", { offline: !offline });
      announce(offline ? "larder contacts upstream registries again" : "larder is offline");
      again();
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setIsSwitching(false);
    }
  };
  return (
    <>
      <span class="offline-switch">
        <button
          type="button"
          role="switch"
          aria-checked={offline}
          aria-disabled={!may}
          onClick={() => void flip()}
          {...(may ? {} : { "aria-describedby": "offline-why" })}
        >
          Offline: {offline ? "on" : "off"}
        </button>
        {!may && (
          <span id="offline-why" class="quiet">
            {session.whyNot.administer ?? "it takes the right to administer"}
          </span>
        )}
      </span>
      <ProblemNote problem={problem} />
    </>
  );
}
