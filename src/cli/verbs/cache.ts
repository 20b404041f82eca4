import { Command } from "commander";
import { mapBounded } from "../../lib/async/map-bounded.ts";
import { formatReference } from "../../oci/reference.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import { bringImage, type Outcome, PARALLEL_IMAGES } from "../bring-image.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { formatBytes, Progress } from "../progress.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags & { readonly registry?: string; readonly json?: true };

/** `larder cache IMAGE…`: brings images into the registry before anyone pulls them. */
export function cacheCommand(io: CommandIo): Command {
  const command = new Command("cache")
    .summary("fetch images into the registry")
    .description(
      "Fetch images into the registry, with their signatures and SBOMs. larder is asked to fetch; when it cannot reach the\n" +
        "image's registry and this machine can, or the registry is another, they are copied from here.",
    )
    .argument("<image...>", "images: nginx:1.27, quay.io/coreos/etcd:v3.5")
    .option("--json", "the results as JSON");
  addPlatformOptions(command);
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const references = images.map((image) => readArgument(() => parseImageName(image)));
      const platforms = selectionOf(flags);
      const registry = await connect(flags, io);
      const progress = new Progress(io.stderr, () => performance.now());
      const results = await mapBounded(references, PARALLEL_IMAGES, async (reference) => ({
        image: formatReference(reference),
        ...(await bringImage(registry, reference, platforms, progress)),
      })).finally(() => progress.close());
      if (flags.json === true) io.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
      else for (const result of results) tell(result, io);
      if (results.some(({ error }) => error !== null)) throw new CommandFailure(1, "");
    }),
  );
}

function tell(
  { image, digest, fetchedBytes, warning, error }: Outcome & { readonly image: string },
  { stdout, stderr }: CommandIo,
): void {
  if (error !== null) return stderr.write(`larder: ${image}: ${error}\n`);
  if (warning !== null) stderr.write(`larder: ${image}: ${warning}\n`);
  const note = fetchedBytes === 0 ? "already there" : `${formatBytes(fetchedBytes)} fetched`;
  stdout.write(`${image}\t${digest}\t${note}\n`);
}
