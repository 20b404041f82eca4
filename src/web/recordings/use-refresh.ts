import { useEffect } from "preact/hooks";

const EVERY_MS = 2000;

/** Asks again every two seconds while `isOn` and somebody looks. */
export function useRefresh(isOn: boolean, again: () => void): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") again();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [isOn, again]);
}
