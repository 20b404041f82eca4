const LIMIT_MS = 120_000;

/** Runs a command to its end and returns what it printed, to either stream. Throws, with that, when it fails. */
export async function outputOf(argv: readonly string[]): Promise<string> {
  const child = Bun.spawn([...argv], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [output, errors, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (status !== 0) throw new Error(`status ${status} of: ${argv.join(" ")}\n${errors}${output}`);
  return output + errors;
}
