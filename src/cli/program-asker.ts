import type { AskProgram } from "../doctor/ask-program.ts";

const PATIENCE_MS = 10_000;
const LIMIT_BYTES = 4 * 1024 * 1024;

/** Runs programs of this machine that tell of their own configuration. */
export function programAsker(searchPath: string, signal: AbortSignal): AskProgram {
  return async ([program = "", ...argv]) => {
    const path = program.startsWith("/")
      ? program
      : Bun.which(program, { PATH: `${searchPath}:/usr/local/bin:/usr/sbin` });
    if (path === null) return null;
    try {
      const child = Bun.spawn([path, ...argv], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "ignore",
        signal,
        timeout: PATIENCE_MS,
        maxBuffer: LIMIT_BYTES,
      });
      const [text, status] = await Promise.all([child.stdout.text(), child.exited]);
      return status === 0 ? text : null;
    } catch {
      signal.throwIfAborted();
      return null; // Not a program that can be run here: it says nothing.
    }
  };
}
