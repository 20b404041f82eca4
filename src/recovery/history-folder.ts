/**
 * What is kept to make the database anew:
 *
 *   DIR/snapshots/snapshot-0007      what the database said when the seventh was begun, or soon after; two are kept
 *   DIR/snapshots/changes-0007       what changed since, in order, up to the next file of changes
 *   DIR/snapshots/changes-0008.cut   one that could not be written on; the next snapshot makes up for it
 *   DIR/snapshots/….new              a snapshot that is being written
 *
 * A file of changes that is being written, or was when larder was killed, ends in zeros.
 * A snapshot with all files of changes from its number on is the whole. Lines are as `store-record.ts` writes them.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isAbsent } from "../lib/files/system-error.ts";

/** A file of the history: a snapshot, or a file of changes. */
export type HistoryFile = {
  readonly kind: "snapshot" | "changes";
  readonly number: number;
  readonly isCut: boolean;
  readonly path: string;
};

/** The folder of the history. */
export function historyFolder(dataFolder: string): string {
  return join(dataFolder, "snapshots");
}

/** The path of a file of the history. */
export function historyPath(dataFolder: string, kind: HistoryFile["kind"], number: number): string {
  return join(historyFolder(dataFolder), `${kind}-${String(number).padStart(4, "0")}`);
}

/** Lists the files of the history in the order of their numbers. */
export function listHistory(dataFolder: string): readonly HistoryFile[] {
  const files: HistoryFile[] = [];
  for (const name of namesIn(historyFolder(dataFolder))) {
    const [, kind, number, cut] = /^(snapshot|changes)-(\d{4,15})(\.cut)?$/.exec(name) ?? [];
    if (kind !== "snapshot" && kind !== "changes") continue;
    const path = join(historyFolder(dataFolder), name);
    files.push({ kind, number: Number(number), isCut: cut !== undefined, path });
  }
  return files.sort((a, b) => a.number - b.number);
}

/** The number after the highest one that a file of the history has. */
export function nextNumber(dataFolder: string): number {
  return (listHistory(dataFolder).at(-1)?.number ?? 0) + 1;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
