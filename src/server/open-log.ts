import { isJournal } from "../lib/systemd/journal-stream.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { formatEvent, priorityOf } from "../telemetry/log-form.ts";
import { LineLog } from "../telemetry/line-log.ts";
import { LogOutput } from "../telemetry/log-output.ts";
import type { ServerEnvironment } from "./foundation.ts";
import type { Settings } from "./settings/settings.ts";

/** The log of a server, with what was left out of it. */
export type OpenLog = Pick<ServerEnvironment, "log" | "droppedLines">;

/** Lines for people on a terminal and in the journal, and for programs elsewhere, unless the settings say which. */
export function openLog(
  { stderr, environment }: Pick<CommandIo, "stderr" | "environment">,
  { logFormat, logLevel, logFields }: Pick<Settings, "logFormat" | "logLevel" | "logFields">,
): OpenLog {
  const { isTerminal } = stderr;
  const isInJournal = goesToJournal(2, environment);
  const format = logFormat ?? (isTerminal || isInJournal ? "human" : "json");
  const isColoured = isTerminal && format === "human" && (environment["NO_COLOR"] ?? "") === "";
  const form = { format, isTerminal, isColoured, isJournal: isInJournal };
  const tellOfLoss = (lines: number) =>
    priorityOf(form, "warning") +
    formatEvent(form, Date.now(), "warning", "lines of this log were left out: nobody took them", { lines });
  const sink = { waitingChars: () => stderr.waitingChars ?? 0, write: (text: string) => stderr.write(text) };
  const output = new LogOutput(sink, tellOfLoss);
  return {
    log: new LineLog(output.writeLine, logLevel, Date.now, form, logFields),
    droppedLines: () => output.droppedLines,
  };
}

/** Does the process's standard output (1) or error (2) go to systemd's journal? */
export function goesToJournal(descriptor: 1 | 2, environment: CommandIo["environment"]): boolean {
  return isJournal(descriptor, environment["JOURNAL_STREAM"]);
}
