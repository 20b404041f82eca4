import { Command } from "commander";
import { tryParseDuration } from "../lib/duration.ts";
import { CommandFailure, type CommandIo } from "./command-io.ts";
import { failingPlainly } from "./failing-plainly.ts";
import { formatBytes } from "./progress.ts";
import { addConnectionOptions, connectLarder } from "./registry-connection.ts";

type Flags = { readonly registry?: string; readonly grace?: string; readonly json?: true };

/** `larder gc`: gives back the space of what nothing needs any more. */
export function gcCommand(io: CommandIo): Command {
  const command = new Command("gc")
    .summary("give back the space of what was removed")
    .description(
      "Give back the space of blobs that no image needs any more. What a push in flight may need stays for the grace\n" +
        "period; what was removed does not.",
    )
    .option("--grace <duration>", "for how long blobs stay whose manifest has not come (default the server's, 1h)")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const graceMs = flags.grace === undefined ? undefined : tryParseDuration(flags.grace);
      if (graceMs === null)
        throw new CommandFailure(2, `--grace ${flags.grace}: write a duration such as 30s, 5m or 1h`);
      const larder = await connectLarder(flags, "gc", io);
      const report = await larder.collect({ graceMs });
      const { blobs, bytes, manifests } = report;
      io.stdout.write(
        flags.json === true
          ? `${JSON.stringify(report, null, 2)}\n`
          : `${formatBytes(bytes)} given back: ${blobs} blobs, ${manifests} manifests\n`,
      );
    }),
  );
}
