import { type HistoryFile, listHistory } from "./history-folder.ts";
import { parseRecord, type StoreRecord } from "./store-record.ts";

/** The files of the history, and those of them that are to be applied, in order. */
export type History = {
  readonly files: readonly HistoryFile[];
  /** When the snapshot that it begins with was taken, in milliseconds since 1970; null without one. */
  readonly snapshotAtMs: number | null;
  /** Does it tell all that was ever acknowledged, as far as can be seen? */
  readonly isWhole: boolean;
};

/**
 * Finds the newest snapshot that is whole, and all changes from its number on. When no snapshot is whole, all files
 * count: the readable records of a damaged snapshot are better than none.
 */
export async function findHistory(dataFolder: string): Promise<History> {
  const all = listHistory(dataFolder);
  for (const snapshot of all.filter(({ kind }) => kind === "snapshot").toReversed()) {
    const takenAtMs = await takenAt(snapshot.path);
    if (takenAtMs === null) continue;
    const changes = all.filter(({ kind, number }) => kind === "changes" && number >= snapshot.number);
    const isWhole = changes.every(({ isCut }) => !isCut);
    return { files: [snapshot, ...changes], snapshotAtMs: takenAtMs, isWhole };
  }
  return { files: all, snapshotAtMs: null, isWhole: false };
}

/** When a snapshot was taken; null when it is not whole. */
async function takenAt(path: string): Promise<number | null> {
  let [count, atMs, isEnded] = [0, 0, false];
  for await (const record of readRecords(path)) {
    if (record === null || isEnded) return null;
    if (record.kind === "begin") atMs = record.atMs;
    else if (record.kind === "end") isEnded = record.records === count;
    else count++;
  }
  return isEnded ? atMs : null;
}

/** Reads the records of a file; null for a line that is torn or damaged. */
export async function* readRecords(path: string): AsyncGenerator<StoreRecord | null> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of Bun.file(path).stream()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield parseRecord(line);
  }
  // Behind the last line there may be room that was made for more.
  if (rest.replaceAll("\0", "") !== "") yield null;
}
