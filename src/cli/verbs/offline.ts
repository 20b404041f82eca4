import { Argument, Command } from "commander";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { offlineResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** `larder offline [on|off]`: may upstream registries be contacted? */
export function offlineCommand(io: CommandIo): Command {
  const command = new Command("offline")
    .description(
      "Say whether larder is offline, or switch it. It stays so when it is restarted, unless its configuration says offline.",
    )
    .addArgument(new Argument("[state]", "what to switch it to").choices(["on", "off"]))
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((state: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const larder = await connectLarder(flags, "offline", io);
      const { offline } =
        state === undefined
          ? await larder.call("getOffline", {})
          : await larder.call("setOffline", { offline: state === "on" });
      if (flags.json === true) writeJson(io.stdout, offlineResult, { offline });
      else io.stdout.write(`${offline ? "on" : "off"}\n`);
    }),
  );
}
