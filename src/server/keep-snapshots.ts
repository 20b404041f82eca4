import type { Turns } from "../lib/turns.ts";
import type { Snapshots } from "../recovery/snapshots.ts";
import type { Log } from "../telemetry/log.ts";

/** The first pulls after a start go first. */
const FIRST_AFTER_MS = 1000;

/**
 * Has snapshots of the database taken when they are due: soon after the start, then every so often. What goes wrong is
 * logged, and nobody waits for it. Returns what ends it.
 */
export function keepSnapshots(snapshots: Snapshots, turns: Turns, everyMs: number, log: Log): () => Promise<void> {
  const ending = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const take = () => {
    running = snapshots.takeIfDue(turns, ending.signal).catch((error: unknown) => {
      if (ending.signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      log.write("warning", "no snapshot of the database could be taken; the last ones stay", { error: why });
    });
  };
  const first = setTimeout(take, FIRST_AFTER_MS);
  const timer = setInterval(take, everyMs);
  return async () => {
    clearTimeout(first);
    clearInterval(timer);
    ending.abort();
    await running;
  };
}
