import { fstatSync } from "node:fs";

/**
 * Does what is written to this file descriptor go to systemd's journal? `stream` is the variable JOURNAL_STREAM, the device and
 * inode of the journal's socket, which says nothing of output that somebody has sent elsewhere since.
 *
 * Source: systemd.exec(5) of systemd 252, "$JOURNAL_STREAM".
 */
export function isJournal(descriptor: number, stream: string | undefined): boolean {
  if (stream === undefined || stream === "") return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // It is closed.
  }
}
