import { resolve } from "node:path";
import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { readBackup } from "../../recovery/backup/read-backup.ts";
import { restoreBackup } from "../../recovery/backup/restore-backup.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { timeOf } from "../json/json-values.ts";
import { backupResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { Progress } from "../progress.ts";
import { plainly } from "./backup.ts";

type Flags = { readonly data: string; readonly json?: true };

/** `larder restore`: makes a data folder of a backup. */
export function restoreCommand(io: CommandIo): Command {
  return new Command("restore")
    .argument("<backup>", "what `larder backup` made; '-': an archive on standard input")
    .description(
      "Make a data folder of a backup, and compare every byte with its digest on the way. Start larder on it then. The folder must be empty; an interrupted restore is begun again in the same one. Exit status 1: it failed, or the backup lacks blobs.",
    )
    .requiredOption("--data <folder>", "the new data folder")
    .option("--json", "as JSON")
    .action((backup: string, flags: Flags) =>
      failingPlainly(io.signal, () => plainly(() => restore(backup, flags, io))),
    );
}

async function restore(backup: string, { data, json }: Flags, io: CommandIo): Promise<void> {
  const progress = new Progress(io.stderr, () => performance.now());
  progress.begin("restore", "restoring", null);
  let done = 0;
  const onBytes = (bytes: number) => {
    io.signal.throwIfAborted();
    progress.update("restore", (done += bytes));
  };
  const found = await restoreBackup(readBackup(backup, io.stdin ?? noInput), resolve(data), onBytes).finally(() =>
    progress.close(),
  );
  const { description, problems, problemCount, blobs, bytes } = found;
  const takenAt = timeOf(description.takenAtMs);
  const counts = { blobs, bytes, present: 0, linked: 0, copied: blobs, removed: 0, lacking: problemCount };
  const status = problemCount === 0 ? "whole" : "lacking";
  if (json === true) writeJson(io.stdout, backupResult, { status, takenAt, ...counts, problems: [...problems] });
  else {
    io.stdout.write(
      `${data}: ${blobs} blobs, ${formatBytes(bytes)}, as of ${takenAt}; start larder with --data ${data}\n`,
    );
    io.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""));
  }
  if (problemCount > 0) {
    throw new CommandFailure(
      1,
      "some blobs are not in the backup: cached ones are fetched by pulls; what was pushed has to be pushed again",
    );
  }
}

function noInput(): never {
  throw new CommandFailure(2, "there is no standard input");
}
