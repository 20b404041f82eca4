import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { pinnedResults } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { pinsNamed } from "../pin-name.ts";
import { addConnectionOptions, connect, connectLarder } from "../registry-connection.ts";
import { checkPins } from "./pin.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** `larder unpin IMAGE|PATTERN…`: takes pins away. */
export function unpinCommand(io: CommandIo): Command {
  const command = new Command("unpin")
    .description("Take pins away, as 'larder pin ls' shows them. Exit status 1: there was no such pin.")
    .argument("<image...>", "nginx:1.27, 'quay.io/coreos/*'")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      checkPins(images);
      const [registry, larder] = [await connect(flags, io), await connectLarder(flags, "unpin", io)];
      const known = new Set((await larder.call("listPins", {})).pins.map(({ pin }) => pin));
      const results: { pin: string; status: "unpinned" | "unchanged" }[] = [];
      for (const image of images) {
        const meant = pinsNamed(image, registry.unqualified);
        const text = meant.find((one) => known.has(one)) ?? meant.at(-1) ?? image;
        const { pin, isChanged } = await larder.call("removePin", { pin: text });
        results.push({ pin, status: isChanged ? "unpinned" : "unchanged" });
        io.stderr.write(`${pin}: ${isChanged ? "unpinned" : "is no pin"}\n`);
      }
      if (flags.json === true) writeJson(io.stdout, pinnedResults, results);
      if (results.some(({ status }) => status === "unchanged")) throw new CommandFailure(1, "");
    }),
  );
}
