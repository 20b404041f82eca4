import { Command } from "commander";
import type * as v from "valibot";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../format-bytes.ts";
import { verifyResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { Progress } from "../progress.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";

type Flags = { readonly registry?: string; readonly json?: true };
type Damage = v.InferOutput<typeof verifyResult>["damaged"][number];

/** `larder verify`: reads every file and sets aside those that are damaged. */
export function verifyCommand(io: CommandIo): Command {
  const command = new Command("verify")
    .description(
      "Read every file of the images in larder and compare it with its digest. What is damaged is set aside, in aside/damaged/ of the data folder, and no longer served: what came from a registry is fetched anew by the next pull, what was pushed has to be pushed again. Exit status 1: something is damaged, or cannot be read.",
    )
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) => failingPlainly(io.signal, () => verify(flags, io)));
}

async function verify(flags: Flags, io: CommandIo): Promise<void> {
  const larder = await connectLarder(flags, "verify", io);
  const progress = new Progress(io.stderr, () => performance.now());
  const damaged: Damage[] = [];
  let [files, bytes, isDone] = [0, 0, false];
  let failure: unknown = null;
  progress.begin("files", "reading", null);
  try {
    for await (const event of larder.lines("verify", {})) {
      if (event.kind === "failed") throw new CommandFailure(1, event.message);
      if (event.kind === "progress" || event.kind === "done") [files, bytes] = [event.files, event.bytes];
      if (event.kind === "progress") progress.update("files", bytes);
      if (event.kind === "done") isDone = true;
      if (event.kind === "damaged") damaged.push({ digest: event.digest, status: "damaged", reason: "set aside" });
      if (event.kind === "unreadable")
        damaged.push({ digest: event.digest, status: "unreadable", reason: `cannot be read: ${event.reason}` });
    }
    if (!isDone) throw new CommandFailure(1, "larder ended before all files were read");
  } catch (error) {
    failure = error;
  } finally {
    progress.close();
  }
  const status = failure !== null ? "interrupted" : damaged.length > 0 ? "damaged" : "whole";
  const reason = failure instanceof Error ? failure.message : null;
  if (flags.json === true) writeJson(io.stdout, verifyResult, { status, reason, files, bytes, damaged });
  else report(damaged, io);
  if (failure !== null) throw failure;
  io.stderr.write(`${files} files read, ${formatBytes(bytes)}\n`);
  if (damaged.length > 0) throw new CommandFailure(1, "");
}

function report(damaged: readonly Damage[], { stdout }: CommandIo): void {
  for (const { digest, status, reason } of damaged) {
    stdout.write(`${digest}\t${status === "damaged" ? "damaged, set aside" : reason}\n`);
  }
}
