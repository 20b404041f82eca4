import { Command } from "commander";
import { mapBounded } from "../images/map-bounded.ts";
import { formatReference } from "../oci/reference.ts";
import { parseImageName } from "../registry/image-name.ts";
import { bringImage, type BroughtImage } from "./bring-image.ts";
import { CommandFailure, type CommandIo } from "./command-io.ts";
import { failingPlainly, readArgument } from "./failing-plainly.ts";
import { addPlatformOptions, type PlatformFlags, platformListOf } from "./platform-flags.ts";
import { formatBytes, Progress } from "./progress.ts";
import { addConnectionOptions, connect } from "./registry-connection.ts";

type Flags = PlatformFlags & { readonly registry?: string; readonly json?: true };

/** Images that are brought at once; each brings several layers at once. */
const PARALLEL_IMAGES = 3;

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
      const platforms = platformListOf(flags);
      const connection = await connect(flags, io);
      const progress = new Progress(io.stderr, () => performance.now());
      const results = await mapBounded(references, PARALLEL_IMAGES, (reference) =>
        bringImage(connection, reference, platforms, progress, io),
      );
      progress.close();
      const shown = results.map((result, index) => ({
        image: references[index] ? formatReference(references[index]) : "",
        ...result,
      }));
      if (flags.json === true) io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      else for (const { image, ...result } of shown) tell(io, image, result);
      if (results.some(({ error }) => error !== null)) throw new CommandFailure(1, "");
    }),
  );
}

function tell(
  { stdout, stderr }: CommandIo,
  image: string,
  { digest, fetchedBytes, warning, error }: BroughtImage,
): void {
  if (error !== null) return stderr.write(`larder: ${image}: ${error}\n`);
  if (warning !== null) stderr.write(`larder: ${image}: ${warning}\n`);
  stdout.write(
    `${image}\t${digest}\t${fetchedBytes === 0 ? "already there" : `${formatBytes(fetchedBytes)} fetched`}\n`,
  );
}
