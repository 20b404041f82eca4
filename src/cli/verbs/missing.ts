import { Command } from "commander";
import { formatReference } from "../../oci/reference.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { missingImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import { neededImages } from "../needed-images.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags & { readonly registry?: string; readonly strict?: true; readonly json?: true };

/** `larder missing PATH…`: the images that files name and the registry does not hold whole. */
export function missingCommand(io: CommandIo): Command {
  const command = new Command("missing")
    .summary("the images that manifests name and the registry lacks")
    .description("Print the images that the files below PATH name and the registry does not hold whole; exit 1 if any.")
    .argument("<path...>", "manifests, charts, lists, folders, or xcluster overlays")
    .option("--strict", "leave out guesses (arguments, environment variables)")
    .option("--json", "with the reason for each");
  addPlatformOptions(command);
  return addConnectionOptions(command).action((paths: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const platforms = selectionOf(flags);
      const { needed, isPartial } = await neededImages(paths, { strict: flags.strict === true }, io);
      const references = needed.map(({ reference }) => reference);
      const states = references.length === 0 ? [] : await (await connect(flags, io)).check(references, platforms);
      const missing = needed.flatMap(({ reference, isGuess }, index) => {
        const found = states[index];
        if (found === undefined || found.state === "whole") return [];
        const { state: status, ...rest } = found;
        return [{ image: formatReference(reference), status, ...rest, isGuess }];
      });
      if (flags.json === true) writeJson(io.stdout, missingImages, missing);
      else for (const { image } of missing) io.stdout.write(`${image}\n`);
      for (const { image, status, reason } of missing) {
        if (status === "incomplete") io.stderr.write(`larder: ${image} is there, but not whole: ${reason}\n`);
      }
      if (isPartial) throw new CommandFailure(1, "the list may not be whole: see above");
      if (missing.length > 0) throw new CommandFailure(1, "");
    }),
  );
}
