import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { Dialog } from "./dialog.tsx";
import { ProblemNote } from "./problem-note.tsx";

type Props = {
  /** The question: "Remove nginx:1.27?" */
  readonly title: string;
  /** What happens then, and what does not. */
  readonly children: ComponentChildren;
  /** The word on the button: "Remove". */
  readonly action: string;
  /** Can it not be undone? */
  readonly isDangerous?: boolean;
  /** Does it; what it throws is said in the dialog, which stays. */
  readonly onConfirm: () => Promise<void>;
  /** It is over, or somebody thought better of it. */
  readonly onClose: () => void;
};

/** Asks before something is done, and says what will happen. */
export function ConfirmDialog({ title, children, action, isDangerous = false, onConfirm, onClose }: Props) {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const isLeft = useRef(false);
  useEffect(
    () => () => {
      isLeft.current = true;
    },
    [],
  );
  const confirm = async () => {
    if (isBusy) return;
    setIsBusy(true);
    setProblem(null);
    try {
      await onConfirm();
      if (!isLeft.current) onClose();
    } catch (failure) {
      if (!isLeft.current) setProblem(asProblem(failure));
    } finally {
      if (!isLeft.current) setIsBusy(false);
    }
  };
  const buttons = (
    <>
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button
        type="button"
        class={isDangerous ? "danger" : "primary"}
        aria-disabled={isBusy}
        aria-busy={isBusy}
        onClick={() => void confirm()}
      >
        {isBusy ? "Wait…" : action}
      </button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} buttons={buttons}>
      {children}
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
