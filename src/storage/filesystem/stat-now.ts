import { lstatSync, type Stats } from "node:fs";
import { isAbsent } from "../../lib/files/system-error.ts";

/**
 * What is at `path`, a link itself rather than what it leads to; null when there is nothing.
 *
 * Not through the thread pool: a stat of a cached inode takes 2 µs, the way to a thread and back 20.
 */
export function statNow(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
