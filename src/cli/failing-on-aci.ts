import { AciError } from "../aci/aci-error.ts";
import { CompressionError } from "../lib/compression/compression-error.ts";
import { TarError } from "../lib/tar/tar-error.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { failingPlainly } from "./failing-plainly.ts";

/** Runs a command's work on ACIs. A failure of an image, a file or a key becomes a CommandFailure with its message. */
export function failingOnAci(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  return failingPlainly(signal, async () => {
    try {
      await work();
    } catch (error) {
      const isBadInput = [AciError, TarError, CompressionError].some((kind) => error instanceof kind);
      if (!isBadInput || signal.aborted) throw error;
      throw new CommandFailure(1, (error as Error).message, { cause: error });
    }
  });
}
