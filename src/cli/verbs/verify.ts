import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../progress.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** `larder verify`: reads every file and sets aside those that are damaged. */
export function verifyCommand(io: CommandIo): Command {
  const command = new Command("verify")
    .summary("read every file, and set aside what is damaged")
    .description(
      "Read every file of the images in larder and compare it with its digest. What is damaged is set aside, in\n" +
        "aside/damaged/ of the data folder, and no longer served: what came from a registry is fetched anew by the next\n" +
        "pull, what was pushed has to be pushed again. Exit status 1: something is damaged, or cannot be read.",
    )
    .option("--json", "each event as JSON, a line each");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const larder = await connectLarder(flags, "verify", io);
      let [isWhole, isDone] = [true, false];
      for await (const event of larder.lines("verify", {})) {
        if (event.kind === "failed") throw new CommandFailure(1, event.message);
        if (event.kind === "damaged" || event.kind === "unreadable") isWhole = false;
        if (event.kind === "done") isDone = true;
        if (flags.json === true) io.stdout.write(`${JSON.stringify(event)}\n`);
        else if (event.kind === "damaged") io.stdout.write(`${event.digest}\tdamaged, set aside\n`);
        else if (event.kind === "unreadable") io.stdout.write(`${event.digest}\tcannot be read: ${event.reason}\n`);
        else if (event.kind === "done") io.stderr.write(`${event.files} files read, ${formatBytes(event.bytes)}\n`);
      }
      if (!isDone) throw new CommandFailure(1, "larder ended before all files were read");
      if (!isWhole) throw new CommandFailure(1, "");
    }),
  );
}
