import type { BackupProgress } from "../../admin/backup-schemas.ts";
import type { Backups } from "../../recovery/backup/backups.ts";
import type { LineWork } from "./line-work.ts";

/** So that whoever is in between sees that the answer goes on. */
const TELL_EVERY_MS = 10_000;

/** A backup for as long as somebody listens: when the client leaves, it ends. */
export function holdBackup(backups: Backups, requested: AbortSignal): LineWork<BackupProgress> {
  const left = new AbortController();
  const signal = AbortSignal.any([requested, left.signal]);
  return {
    work: async (tell) => {
      const begun = await backups.begin(signal);
      const { id, takenAtMs, store, files, blobs, folder } = begun;
      tell({ kind: "begun", id, takenAtMs, store, files: [...files], blobs, folder });
      const timer = setInterval(() => tell({ kind: "held" }), TELL_EVERY_MS);
      const end = () => void backups.end(id);
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
      try {
        await backups.ended(id);
      } finally {
        clearInterval(timer);
      }
      return { kind: "ended" };
    },
    onLeave: () => left.abort(),
  };
}
