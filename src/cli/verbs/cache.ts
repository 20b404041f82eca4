import { Command } from "commander";
import { parseImageName, parseUpstreamNames } from "../../registry/names/image-name.ts";
import { bringImages, throwIfInterrupted } from "../bring-images.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { broughtImages, type BroughtResult } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags & { readonly registry?: string; readonly json?: true };

/** `larder cache IMAGE…`: brings images into the registry before anyone pulls them. */
export function cacheCommand(io: CommandIo): Command {
  const command = new Command("cache")
    .description(
      "Fetch images into the registry, with their signatures and SBOMs. larder is asked to fetch; when it cannot reach the image's registry and this machine can, or the registry is another, they are copied from here.",
    )
    .argument("<image...>", "images: nginx:1.27, quay.io/coreos/etcd:v3.5")
    .option("--json", "the results as JSON");
  addPlatformOptions(command);
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      for (const image of images) readArgument(() => parseImageName(image));
      const platforms = selectionOf(flags);
      const registry = await connect(flags, io);
      const wanted = images.map((image) => {
        const references = parseUpstreamNames(image, registry.unqualified);
        return { references, platforms, isWhole: null, isGuess: false };
      });
      const results = await bringImages(registry, wanted, { keepGoing: true }, io);
      if (flags.json === true) writeJson(io.stdout, broughtImages, results);
      else for (const result of results) tell(result, io);
      throwIfInterrupted(results, registry, io);
      if (results.some(({ status }) => status === "failed")) throw new CommandFailure(1, "");
    }),
  );
}

function tell(
  { image, digest, status, fetchedBytes, reason, warning }: BroughtResult,
  { stdout, stderr }: CommandIo,
): void {
  if (status === "failed") return stderr.write(`larder: ${image}: ${reason}\n`);
  if (warning !== null) stderr.write(`larder: ${image}: ${warning}\n`);
  if (status !== "brought" && status !== "present") return;
  const note = status === "present" ? "already there" : `${formatBytes(fetchedBytes)} fetched`;
  stdout.write(`${image}\t${digest}\t${note}\n`);
}
