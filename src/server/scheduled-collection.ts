import type { CollectionReport } from "../registry/collector.ts";
import { WritesRefused } from "../storage/storage-error.ts";
import type { Log } from "../telemetry/log.ts";

/** Collects by itself, without anybody who waits for the outcome: the log is told of it, of a problem once while it lasts. */
export function tellingOfCollections(collect: () => Promise<CollectionReport>, log: Log): () => void {
  let told: string | null = null;
  const tell = ({ setAside, broughtBack, problem }: CollectionReport): void => {
    if (setAside > 0) log.write("warning", "files that no record names were set aside", { files: setAside });
    if (broughtBack > 0) log.write("info", "files that had been set aside were brought back", { files: broughtBack });
    if (problem !== null && problem !== told) log.write("error", "nothing is collected, or not all", { why: problem });
    told = problem;
  };
  return () => {
    collect().then(tell, (error: unknown) => {
      // Of a store that is not in its place, whoever watches it has told.
      if (error instanceof WritesRefused) return;
      log.write("error", "the collection of unreferenced blobs failed", {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    });
  };
}
