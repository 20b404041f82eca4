/** A stream that a command writes to. `isTerminal` decides on colour and progress bars. */
export type CommandOutput = {
  readonly isTerminal: boolean;
  /** How wide the terminal is just now, in characters; null or left out: not known, or no terminal. */
  readonly columns?: number | null;
  /** Calls back when the terminal's size changes, until the function that comes back is called. */
  readonly onResize?: (callback: () => void) => () => void;
  /** How much of what was written still waits for whoever reads it, in characters. Left out where nothing ever waits. */
  readonly waitingChars?: number;
  write(text: string): void;
};

/** All that a command may touch of the process that it runs in. Data goes to `stdout`, everything else to `stderr`. */
export type CommandIo = {
  readonly stdout: CommandOutput;
  readonly stderr: CommandOutput;
  /** Opens standard input. Left out where there is none. */
  readonly stdin?: () => AsyncIterable<Uint8Array>;
  /** Asks whoever sits at the terminal for a secret, which is not shown. Left out where there is no terminal. */
  readonly askSecret?: (question: string) => Promise<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first SIGINT or SIGTERM; the reason's message names it. A command has a second to end by itself then. */
  readonly signal: AbortSignal;
};

type ExitStatus = 1 | 2 | 3 | 130 | 143;

/**
 * Ends a command with an exit status: 1, the answer is no or it failed; 2, it was called wrongly; 3, the answer is not
 * whole, for those who insist on that; 130 or 143, SIGINT or SIGTERM interrupted it.
 * The message goes to stderr behind `larder: `; an empty one says nothing more (the command has said it all).
 */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitStatus: ExitStatus;

  constructor(exitStatus: ExitStatus, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.exitStatus = exitStatus;
  }
}
