import { CommandFailure } from "../lib/command/command-io.ts";

/** The exit statuses of programs that a signal ends, as shells have them: 128 and its number. */
const STATUS: Readonly<Record<string, 130 | 143>> = { SIGINT: 130, SIGTERM: 143 };

/** How a command ends whose signal was aborted; `what` goes on behind `interrupted`. */
export function interruption(signal: AbortSignal, what = "", cause?: unknown): CommandFailure {
  return new CommandFailure(interruptedStatus(signal), what === "" ? "interrupted" : `interrupted: ${what}`, { cause });
}

/** The exit status of a command whose signal was aborted. */
export function interruptedStatus({ reason }: AbortSignal): 130 | 143 {
  return STATUS[reason instanceof Error ? reason.message : ""] ?? 130;
}
