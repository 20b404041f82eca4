import { runCommand } from "../end-to-end/run-command.ts";

/** Runs a command on a terminal of its own (script(1) makes one) and returns what it drew there. */
export async function runInTerminal(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const line = argv.map((word) => `'${word}'`).join(" ");
  const { output } = await runCommand(["script", "--quiet", "--return", "--command", line, "/dev/null"], {
    environment: { HOME: "/nonexistent", TERM: "xterm", ...environment },
  });
  return output;
}
