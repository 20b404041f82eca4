import { useEffect, useState } from "preact/hooks";

/**
 * Is larder reached from here? Every question says how it went (`call.ts`). From the first that did not reach it, larder is
 * asked again until it answers; then what has failed is asked again, too.
 */
let isReached = true;
const listeners = new Set<() => void>();

/** Takes down whether a question reached larder. */
export function noteReach(isNow: boolean): void {
  if (isNow === isReached) return;
  isReached = isNow;
  for (const listener of listeners) listener();
}

/** Calls back whenever larder is lost or found again, until the answer is called. */
export function onReach(listener: (isReached: boolean) => void): () => void {
  const hear = () => listener(isReached);
  listeners.add(hear);
  return () => listeners.delete(hear);
}

/** Is larder reached? */
export function useReach(): boolean {
  const [isNow, setIsNow] = useState(isReached);
  useEffect(() => onReach(setIsNow), []);
  return isNow;
}
