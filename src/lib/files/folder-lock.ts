import { FFIType } from "bun:ffi";
import { open } from "node:fs/promises";
import { openLibc } from "../libc/open-libc.ts";

/** `LOCK_EX | LOCK_NB`, the same on all of Linux's processors. */
const EXCLUSIVE_OR_FAIL = 2 | 4;
const PAUSE_MS = 20;
/** What is done under the lock takes a moment: who holds it for longer hangs, and is not waited for. */
const PATIENCE_MS = 30_000;

/**
 * Runs work while no other process does so in this folder, by flock(2) on the folder itself: it leaves no file, and goes with
 * the process that holds it. Where there is no such lock (some network file systems), the work is done without.
 */
export async function underFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const handle = await open(folder, "r");
  try {
    const lock = flock();
    if (lock !== null) await takeLock(lock, handle.fd);
    return await work();
  } finally {
    await handle.close();
  }
}

/** The error's number is not told: what is not free within the time may as well never be. */
async function takeLock(lock: Flock, fd: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += PAUSE_MS) {
    if (lock(fd, EXCLUSIVE_OR_FAIL) === 0) return;
    await Bun.sleep(PAUSE_MS);
  }
}

type Flock = (fd: number, operation: number) => number;

let known: Flock | null = null;

function flock(): Flock | null {
  known ??= openLibc({ flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } })?.flock ?? null;
  return known;
}
