import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { neededImages } from "../needed-images.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { preloadImages } from "../preload-images.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags & {
  readonly registry?: string;
  readonly force?: true;
  readonly keepGoing?: true;
  readonly strict?: true;
  readonly json?: true;
};

/** `larder preload PATH…`: brings what is missing. */
export function preloadCommand(io: CommandIo): Command {
  const command = new Command("preload")
    .summary("bring the images that manifests name and the registry lacks")
    .description(
      "Bring the images that the files below PATH name into the registry, those that it does not hold whole.",
    )
    .argument("<path...>", "manifests, charts, lists, folders, or xcluster overlays")
    .option("--force", "bring those that are there as well: their tags may have moved")
    .option("--keep-going", "go on after a failure")
    .option("--strict", "leave out guesses (arguments, environment variables)")
    .option("--json", "the outcome as JSON");
  addPlatformOptions(command);
  return addConnectionOptions(command).action((paths: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const platforms = selectionOf(flags);
      const { needed, isPartial } = await neededImages(paths, { strict: flags.strict === true }, io);
      const options = {
        platforms,
        force: flags.force === true,
        keepGoing: flags.keepGoing === true,
        json: flags.json === true,
      };
      if (needed.length > 0) await preloadImages(await connect(flags, io), needed, options, io);
      if (isPartial) throw new CommandFailure(1, "not all that the files name may have been brought: see above");
    }),
  );
}
