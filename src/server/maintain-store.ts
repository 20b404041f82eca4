import type { Turns } from "../lib/async/turns.ts";
import type { Housekeeping } from "../recovery/open-store.ts";
import type { FolderGuard } from "../storage/filesystem/folder-guard.ts";
import type { Log } from "../telemetry/log.ts";

/** The first pulls after a start go first. */
const FIRST_AFTER_MS = 1000;
const CHECK_EVERY_MS = 86_400_000;

/**
 * Has snapshots of the database taken when they are due, soon after the start and then every so often, and has all of it
 * read after the start and once a day, so that damage is noticed before it is met. What goes wrong is logged, and nobody
 * waits for it. Returns what ends it.
 */
export function keepStore(
  { snapshots, check }: Housekeeping,
  guard: Pick<FolderGuard, "problem">,
  { turns, everyMs, log }: { turns: Turns; everyMs: number; log: Log },
): () => Promise<void> {
  const ending = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  const keep = async (): Promise<void> => {
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
    log.write("warning", what, { error: error instanceof Error ? error.message : String(error) });
  };
  const go = (): void => {
    running = running.then(keep);
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
