import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../end-to-end/run-command.ts";

/** The program as people call it. */
export const LARDER = join(import.meta.dir, "..", "..", "larder");

/**
 * Runs larder to its end against the registry at `address`, as its users do: by `LOCAL_REGISTRY`. Nothing of the
 * tests' environment gets through, so that no credentials of this machine's do.
 */
export function runLarder(
  address: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runCommand([LARDER, ...argv], { environment: { HOME: tmpdir(), LOCAL_REGISTRY: address, ...environment } });
}
