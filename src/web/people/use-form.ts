import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";

/** How the sending of a form goes. */
export type Sending = {
  readonly isBusy: boolean;
  /** What larder said when it was sent last; null: nothing. */
  readonly problem: ApiProblem | null;
  /** Sends it; once at a time. What was typed stays when that fails. */
  readonly send: (work: () => Promise<void>) => void;
};

/** For a form: sends it once at a time, and keeps what larder says of it. */
export function useForm(): Sending {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const isLeft = useRef(false);
  useEffect(
    () => () => {
      isLeft.current = true;
    },
    [],
  );
  const send = (work: () => Promise<void>): void => {
    if (isBusy) return;
    setIsBusy(true);
    setProblem(null);
    work()
      .catch((failure: unknown) => !isLeft.current && setProblem(asProblem(failure)))
      .finally(() => !isLeft.current && setIsBusy(false));
  };
  return { isBusy, problem, send };
}
