import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");
const LIMIT_MS = 30_000;

/** What a command of larder's came to. */
export type CommandOutcome = { readonly status: number; readonly output: string; readonly errors: string };

/** Runs a command against the larder at `registry` (a URL) to its end. */
export async function runLarder(registry: string, ...argv: readonly string[]): Promise<CommandOutcome> {
  const child = Bun.spawn([PROGRAM, ...argv, "--registry", new URL(registry).host], {
    cwd: tmpdir(),
    env: { PATH: Bun.env["PATH"] ?? "", HOME: tmpdir() },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [output, errors, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { status, output, errors };
}
