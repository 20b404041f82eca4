import type { Turns } from "../lib/async/turns.ts";
import type { Housekeeping } from "../recovery/open-store.ts";
import type { FolderGuard } from "../storage/filesystem/folder-guard.ts";
import type { Log } from "../telemetry/log.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** Leaves the machine to the first pulls after a start. */
const FIRST_AFTER_MS = 1000;
const CHECK_EVERY_MS = 86_400_000;

/**
 * Starts the maintenance of a store: snapshots of the database when they are due, looked for every `everyMs`, and a check of
 * the whole database after the start and once a day, so that damage is found before a request meets it. Failures are
 * logged. Returns a function that ends the maintenance and waits for what is running.
 */
export function maintainStore(
  { snapshots, check }: Housekeeping,
  guard: Pick<FolderGuard, "problem">,
  { turns, everyMs, log }: { turns: Turns; everyMs: number; log: Log },
): () => Promise<void> {
  const ending = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  const maintain = async (): Promise<void> => {
    if (performance.now() - checkedAtMs >= CHECK_EVERY_MS) {
      checkedAtMs = performance.now();
      await check(turns.begin(ending.signal)).catch((error: unknown) =>
        tell("the database could not be checked", error),
      );
    }
    // One of a damaged database would take the place of a better one.
    if (guard.problem !== null) return;
    await snapshots.takeIfDue(turns, ending.signal).catch((error: unknown) => {
      tell("no snapshot of the database could be taken; the last ones stay", error);
    });
  };
  const tell = (what: string, error: unknown): void => {
    if (ending.signal.aborted) return;
    log.write("warning", what, { error: describeFailure(error) });
  };
  const go = (): void => {
    running = running.then(maintain);
  };
  const first = setTimeout(go, FIRST_AFTER_MS);
  const timer = setInterval(go, everyMs);
  return async () => {
    clearTimeout(first);
    clearInterval(timer);
    ending.abort();
    await running;
  };
}
