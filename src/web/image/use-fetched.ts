import { useCallback, useEffect, useState } from "preact/hooks";
import { type ApiProblem, asProblem, problemOf } from "../api/api-problem.ts";

/** As much of a document as a page reads: larger ones are to be downloaded. */
export const DOCUMENT_LIMIT_BYTES = 16 << 20;

/** What became of fetching a document. */
export type Fetched = {
  /** Null: it has not come yet, or not at all. */
  readonly text: string | null;
  readonly problem: ApiProblem | null;
  readonly again: () => void;
};

/** The text behind an address; null asks for nothing. */
export function useFetched(address: string | null): Fetched {
  const [state, setState] = useState<Omit<Fetched, "again">>({ text: null, problem: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (address === null) return undefined;
    const left = new AbortController();
    setState({ text: null, problem: null });
    fetchText(address, left.signal).then(
      (text) => setState({ text, problem: null }),
      (failure: unknown) => {
        if (!left.signal.aborted) setState({ text: null, problem: asProblem(failure) });
      },
    );
    return () => left.abort();
  }, [address, round]);
  return { ...state, again: useCallback(() => setRound((before) => before + 1), []) };
}

async function fetchText(address: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(address, { signal });
  if (!response.ok) throw await problemOf(response);
  return response.text();
}
