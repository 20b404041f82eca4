import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { useSession } from "../api/session.ts";
import { type News, useFresh } from "../api/use-fresh.ts";

/** Where a page of a list ends, for the question after what comes behind it; null: at the end of all. */
type Cursor = string | number | null;

/** A page of a list, as larder answers. */
export type Page<Row> = { readonly rows: readonly Row[]; readonly next: Cursor };

/** A list that comes in pages, as far as it was asked for. */
export type Pages<Row> = {
  readonly rows: readonly Row[];
  /** Has the first page come? */
  readonly isKnown: boolean;
  readonly hasMore: boolean;
  readonly isAsking: boolean;
  readonly problem: ApiProblem | null;
  readonly more: () => void;
  /** Asks for the first page again. */
  readonly again: () => void;
};

type State<Row> = { readonly rows: readonly Row[] | null; readonly next: Cursor; readonly problem: ApiProblem | null };

/** No more rows are held: who looks for one among thousands narrows the list down. */
const ROWS_LIMIT = 2000;

/**
 * Asks for a list, page by page. It begins anew whenever `key` changes, which is all that the question depends on, and with news that
 * matter, unless somebody has read on: they are not thrown back to the beginning.
 */
export function usePages<Row>(
  ask: (after: Cursor, signal: AbortSignal) => Promise<Page<Row>>,
  key: string,
  news: News,
): Pages<Row> {
  const { round: who } = useSession();
  const [state, setState] = useState<State<Row>>({ rows: null, next: null, problem: null });
  const [asked, setAsked] = useState<{ readonly after: Cursor; readonly round: number }>({ after: null, round: 0 });
  const [isAsking, setIsAsking] = useState(true);
  const latest = useRef(ask);
  latest.current = ask;
  const shown = useRef(key);
  const { after, round } = asked;
  useEffect(() => {
    const left = new AbortController();
    // Another question begins at its beginning.
    const from = shown.current === key ? after : null;
    shown.current = key;
    setIsAsking(true);
    latest.current(from, left.signal).then(
      ({ rows, next }) => {
        setIsAsking(false);
        setState((before) => {
          const all = from === null ? rows : [...(before.rows ?? []), ...rows];
          return { rows: all, next: all.length >= ROWS_LIMIT ? null : next, problem: null };
        });
      },
      (failure: unknown) => {
        if (left.signal.aborted) return;
        setIsAsking(false);
        setState((before) => ({ ...before, problem: asProblem(failure) }));
      },
    );
    return () => left.abort();
  }, [key, who, after, round]);
  const again = useCallback(() => setAsked((before) => ({ after: null, round: before.round + 1 })), []);
  useFresh(news, () => after === null && again());
  const more = () => state.next !== null && setAsked((before) => ({ ...before, after: state.next }));
  const { rows, next, problem } = state;
  return { rows: rows ?? [], isKnown: rows !== null, hasMore: next !== null, isAsking, problem, more, again };
}
