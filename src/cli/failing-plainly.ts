import { RegistryError } from "../oci/registry-error.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { describeFailure, describeFileFailure } from "../lib/failures/describe-failure.ts";
import { interruption } from "./interruption.ts";
import { isSystemError } from "../lib/files/system-error.ts";

/**
 * Runs a command's work. A failure that the user can understand (a registry that refuses, a file that cannot be read,
 * a full disk, an interruption) becomes a CommandFailure with its message; a fault of the program keeps its stack.
 */
export async function failingPlainly(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    if (signal.aborted) throw interruption(signal, "", error);
    if (error instanceof RegistryError) throw new CommandFailure(1, error.message, { cause: error });
    if (!isSystemError(error)) throw error;
    throw new CommandFailure(1, describeFileFailure(error) ?? describeFailure(error), { cause: error });
  }
}

/** Reads an argument; a failure is reported as wrong usage. */
export function readArgument<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new CommandFailure(2, error.message, { cause: error });
  }
}
