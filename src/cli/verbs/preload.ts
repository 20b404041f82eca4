import { Command } from "commander";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { addDiscoveryOptions, type DiscoveryFlags } from "../discovery-flags.ts";
import { findNeededImages } from "../needed-images.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { preloadImages } from "../preload-images.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags &
  DiscoveryFlags & { readonly force?: true; readonly keepGoing?: true; readonly json?: true };

/** `larder preload PATH…`: brings what is missing. */
export function preloadCommand(io: CommandIo): Command {
  const command = new Command("preload").description(
    "Bring the images that the files below PATH name into the registry, those that it does not hold whole.",
  );
  addDiscoveryOptions(command)
    .option("--force", "bring those that are there as well: their tags may have moved")
    .option("--keep-going", "go on after a failure")
    .option("--json", "the outcome as JSON");
  addPlatformOptions(command);
  return addConnectionOptions(command).action((paths: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { images, insistOnWhole } = await findNeededImages(paths, flags, selectionOf(flags), io);
      const options = { force: flags.force === true, keepGoing: flags.keepGoing === true, json: flags.json === true };
      if (images.length > 0) await preloadImages(await connect(flags, io), images, options, io);
      insistOnWhole();
    }),
  );
}
