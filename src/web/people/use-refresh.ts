import { useEffect, useRef } from "preact/hooks";

const EVERY_MS = 10_000;

/** Asks again once in a while, as long as the page is looked at and `isDue` holds. */
export function useRefresh(again: () => void, isDue: boolean): void {
  const latest = useRef(isDue);
  latest.current = isDue;
  useEffect(() => {
    const timer = setInterval(() => {
      if (latest.current && document.visibilityState === "visible") again();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [again]);
}
