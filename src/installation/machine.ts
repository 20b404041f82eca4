import { join } from "node:path";

/** How a program ended, and all that it wrote. */
type Ran = { readonly status: number; readonly words: string };

/** What an installation works on: this machine, or the folder of an image that is being built. */
export interface Machine {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** Does it run, so that services can be started on it? */
  readonly isRunning: boolean;
  /** Runs a program of this machine's to its end; null: there is no such program. */
  run(argv: readonly string[]): Promise<Ran | null>;
}

/** An error for what keeps larder from being installed or taken away. The message says what to do. */
export class InstallationError extends Error {
  override readonly name = "InstallationError";
}

/** Where a path of the machine's is for this process. */
export function pathOn({ root }: Machine, path: string): string {
  return join(root, path);
}

/** Runs a program that has to succeed. Throws an InstallationError with its words. */
export async function mustRun(machine: Machine, argv: readonly string[]): Promise<string> {
  const ran = await machine.run(argv);
  if (ran?.status === 0) return ran.words;
  const why = ran === null ? "there is no such program" : ran.words.trim() || `it ended with status ${ran.status}`;
  throw new InstallationError(`${argv.join(" ")} failed: ${why}`);
}
