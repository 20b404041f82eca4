import type { CollectionReport } from "../registry/collector.ts";
import { WritesRefused } from "../storage/storage-error.ts";
import type { Log } from "../telemetry/log.ts";

/**
 * The collection that runs by itself, to be called when one is due. Its outcome goes to the log, since nobody waits for it;
 * a problem or a notice that lasts is logged once.
 */
export function scheduledCollection(collect: () => Promise<CollectionReport>, log: Log): () => void {
  let told: string | null = null;
  let noticed: string | null = null;
  const tell = ({ setAside, broughtBack, problem, notice }: CollectionReport): void => {
    if (notice !== null && notice !== noticed) log.write("warning", notice, {});
    if (setAside > 0) log.write("warning", "files that no record names were set aside", { files: setAside });
    if (broughtBack > 0) log.write("info", "files that had been set aside were brought back", { files: broughtBack });
    if (problem !== null && problem !== told) log.write("error", "nothing is collected, or not all", { why: problem });
    told = problem;
    noticed = notice;
  };
  return () => {
    collect().then(tell, (error: unknown) => {
      // A store that may not be written has been logged already.
      if (error instanceof WritesRefused) return;
      log.write("error", "the collection of unreferenced blobs failed", {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    });
  };
}
