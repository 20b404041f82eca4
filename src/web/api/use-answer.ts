import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { AnswerOf, DocumentId, RequestOf } from "../../admin/contract.ts";
import { type ApiProblem, asProblem } from "./api-problem.ts";
import { call } from "./call.ts";
import { onReach } from "./reach.ts";
import { useSession } from "./session.ts";

/** What is known of a question: the last answer stays while it is asked again, and when that fails. */
export type Asked<Answer> = {
  /** Null: none has come yet. */
  readonly answer: Answer | null;
  /** Why the last question had no answer; null: it had one. */
  readonly problem: ApiProblem | null;
  readonly isAsking: boolean;
  /** Asks again. */
  readonly again: () => void;
};

/** Asks when the component appears, and whenever the request changes; null asks nothing. A question that is overtaken is given up. */
export function useAnswer<Id extends DocumentId>(id: Id, request: RequestOf<Id> | null): Asked<AnswerOf<Id>> {
  const [state, setState] = useState<Omit<Asked<AnswerOf<Id>>, "again">>({
    answer: null,
    problem: null,
    isAsking: request !== null,
  });
  const [round, setRound] = useState(0);
  // Who signs in may see more, and who signs out must not.
  const { round: who } = useSession();
  const key = request === null ? null : JSON.stringify(request);
  const latest = useRef(request);
  latest.current = request;
  useEffect(() => {
    if (key === null || latest.current === null) return undefined;
    const left = new AbortController();
    setState((before) => ({ ...before, isAsking: true }));
    call(id, latest.current, left.signal).then(
      (answer) => setState({ answer, problem: null, isAsking: false }),
      (failure: unknown) => {
        if (left.signal.aborted) return;
        setState((before) => ({ ...before, problem: asProblem(failure), isAsking: false }));
      },
    );
    return () => left.abort();
  }, [id, key, round, who]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  const isLost = state.problem?.status === 0;
  useEffect(() => (isLost ? onReach((isReached) => isReached && again()) : undefined), [isLost]);
  return { ...state, again };
}
