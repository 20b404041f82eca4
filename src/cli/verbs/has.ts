import { Command } from "commander";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { parseImageName, parseImageNames } from "../../registry/names/image-name.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { checkedImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import type { ImageState } from "../../remote/image-registry.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags & { readonly registry?: string; readonly json?: true; readonly quiet?: true };

/** `larder has IMAGE…`: exit status 0 when all are there and whole, 1 when not. */
export function hasCommand(io: CommandIo): Command {
  const command = new Command("has")
    .description("Exit with 0 when the registry holds all of these images, with every blob; with 1 when not.")
    .argument("<image...>", "images")
    .option("--quiet", "say nothing")
    .option("--json", "as JSON");
  addPlatformOptions(command);
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      for (const image of images) readArgument(() => parseImageName(image));
      const platforms = selectionOf(flags);
      const registry = await connect(flags, io);
      const meant = images.map((image) => parseImageNames(image, registry.unqualified));
      const states = await registry.check(meant.flat(), platforms);
      let at = 0;
      const results = meant.map((references) => {
        const found = states.slice(at, (at += references.length));
        const { state: status, ...rest } = bestOf(found);
        return { image: formatReference(references.at(-1) as Reference), status, ...rest };
      });
      if (flags.json === true) writeJson(io.stdout, checkedImages, results);
      const lacking = results.filter(({ status }) => status !== "whole");
      for (const { image, reason } of flags.quiet === true ? [] : lacking) {
        io.stderr.write(
          `larder: ${reason?.includes(image) === true ? reason : `${image}: ${reason ?? "not there"}`}\n`,
        );
      }
      if (lacking.length > 0) throw new CommandFailure(1, "");
    }),
  );
}

/** What a pull would get: of several images that a name may mean, the one that is there. */
function bestOf(states: readonly ImageState[]): ImageState {
  const best = (["whole", "incomplete", "absent"] as const).map((wanted) =>
    states.findLast(({ state }) => state === wanted),
  );
  return best.find((one) => one !== undefined) as ImageState;
}
