import type { Attempt } from "./attempt.ts";

/** The longest pause between two attempts. */
const LONGEST_PAUSE_MS = 3_600_000;
/** Below the endpoint's threshold attempts follow one another as fast as this allows. */
const SHORTEST_PAUSE_MS = 100;
/** A body that is refused so often is given up. */
const REFUSALS = 5;
/** An endpoint that breaks over one body for so long, and so often, may be well with the next. */
const BROKEN_MS = 3_600_000;
const BREAKAGES = 10;
/** What nobody took for so long is given up, since it happened. */
const OLDEST_MS = 7 * 86_400_000;

type Failed = Extract<Attempt, { kind: "failed" }>;

/** How long to wait after so many failures in a row, in milliseconds. As registry:2 until the threshold; then twice as long each time. */
export function pauseAfter(
  failures: number,
  { threshold, backoffMs }: { readonly threshold: number; readonly backoffMs: number },
  { retryAfterMs }: Pick<Failed, "retryAfterMs">,
): number {
  const beyond = failures - threshold;
  const pauseMs =
    beyond < 0
      ? Math.min(backoffMs, SHORTEST_PAUSE_MS)
      : Math.max(backoffMs, Math.min(LONGEST_PAUSE_MS, backoffMs * 2 ** Math.min(beyond, 40)));
  return Math.max(pauseMs, retryAfterMs ?? 0);
}

/** Has this been tried often or long enough? `attempts` count the last one. */
export function isHopeless(
  { why }: Pick<Failed, "why">,
  tried: { readonly attempts: number; readonly forMs: number; readonly ageMs: number },
): boolean {
  if (tried.ageMs > OLDEST_MS) return true;
  if (why === "refused") return tried.attempts >= REFUSALS;
  return why === "broken" && tried.attempts >= BREAKAGES && tried.forMs >= BROKEN_MS;
}
