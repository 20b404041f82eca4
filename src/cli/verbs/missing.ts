import { Command } from "commander";
import { formatReference } from "../../oci/reference.ts";
import { checkNeeded } from "../check-needed.ts";
import { addDiscoveryOptions, type DiscoveryFlags } from "../discovery-flags.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { missingImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import { findNeededImages } from "../needed-images.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags & DiscoveryFlags & { readonly json?: true };

/** `larder missing PATH…`: the images that files name and the registry does not hold whole. */
export function missingCommand(io: CommandIo): Command {
  const command = new Command("missing").description(
    "Print the images that the files below PATH name and the registry does not hold whole; exit 1 if any.",
  );
  addDiscoveryOptions(command).option("--json", "with the reason for each");
  addPlatformOptions(command);
  return addConnectionOptions(command).action((paths: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { images, insistOnWhole } = await findNeededImages(paths, flags, selectionOf(flags), io);
      const states = images.length === 0 ? [] : await checkNeeded(await connect(flags, io), images);
      const missing = images.flatMap(({ reference, platform, isGuess }, index) => {
        const found = states[index];
        if (found === undefined || found.state === "whole") return [];
        const { state: status, ...rest } = found;
        return [{ image: formatReference(reference), status, ...rest, platform, isGuess }];
      });
      if (flags.json === true) writeJson(io.stdout, missingImages, missing);
      else for (const { image } of missing) io.stdout.write(`${image}\n`);
      for (const { image, status, reason } of missing) {
        if (status === "incomplete") io.stderr.write(`larder: ${image} is there, but not whole: ${reason}\n`);
      }
      insistOnWhole();
      if (missing.length > 0) throw new CommandFailure(1, "");
    }),
  );
}
