import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "larder-";

export type RunFolder = {
  readonly path: string;
  /** Removes it, whoever may still be writing there. */
  readonly remove: () => void;
};

/**
 * Makes a folder for all files of this test run, temporary ones of its tests included. Its path is short: podman takes
 * none above 50 characters. A run that was killed left its own; that is removed here as well.
 */
export function makeRunFolder(): RunFolder {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)$`).exec(name)?.[1]);
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) removeFolder(join(tmpdir(), name));
  }
  const path = join(tmpdir(), `${PREFIX}${process.pid}`);
  mkdirSync(path, { mode: 0o755 });
  return { path, remove: () => removeFolder(path) };
}

/** Does a process of this number run? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

function removeFolder(path: string): void {
  // Processes that are being ended may still be writing.
  rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
