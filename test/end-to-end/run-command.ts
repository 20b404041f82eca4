/** What a command did. `status` is its exit status; `output` is what it wrote to standard output. */
export type CommandResult = { readonly status: number; readonly output: string; readonly errors: string };

/** A command that failed where success was expected; the message holds the command line and all that it printed. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly result: CommandResult;

  constructor(argv: readonly string[], result: CommandResult) {
    super(`status ${result.status} of: ${argv.join(" ")}\n${result.errors}${result.output}`.trim());
    this.result = result;
  }
}

export type CommandOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  /** Sent to standard input; nothing unless said. */
  readonly input?: string | Uint8Array<ArrayBuffer>;
  /** After this, the command is killed and its status is 137. One minute unless said. */
  readonly timeoutMs?: number;
  /** The folder that it is started in; the tests' own unless said. */
  readonly folder?: string;
};

/** A minute is much more than any client needs for the images of these tests. */
export const COMMAND_TIMEOUT_MS = 60_000;

/** Runs a command to its end, whatever its status. Only PATH of the tests' own environment gets through. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = Bun.spawn([...argv], {
    env: { PATH: pathWithSystemFolders(), LC_ALL: "C.UTF-8", ...options.environment },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
    stdin: options.input === undefined ? "ignore" : new Blob([options.input]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: options.timeoutMs ?? COMMAND_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [output, errors, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { status, output, errors };
}

/** Runs a command that has to succeed and returns its standard output. Throws `CommandFailed`. */
export async function outputOf(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.status !== 0) throw new CommandFailed(argv, result);
  return result.output;
}

/** Root's programs are not in everybody's PATH. */
export function pathWithSystemFolders(): string {
  return `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
}
