import { Command } from "commander";
import type { FoundImage } from "../../discovery/found/found-image.ts";
import { formatReference } from "../../oci/reference.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { addDiscoveryOptions, type DiscoveryFlags } from "../discovery-flags.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { namedImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import { discoverFrom, insistOnWhole, isWhole } from "../needed-images.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { addConnectionOptions } from "../registry-connection.ts";

type Flags = DiscoveryFlags & PlatformFlags & { readonly json?: true };

/** `larder images PATH…`: the images that manifests, charts and lists under PATH name. */
export function imagesCommand(io: CommandIo): Command {
  const command = new Command("images")
    .alias("getimages")
    .description("Print the images that manifests, charts, Compose files, Dockerfiles or lists name.");
  addDiscoveryOptions(command).option("--json", "with the file and line that each comes from");
  return addConnectionOptions(addPlatformOptions(command)).action((paths: string[], flags: Flags) =>
    failingPlainly(io.signal, () => listImages(io, paths, flags)),
  );
}

async function listImages(io: CommandIo, paths: readonly string[], flags: Flags): Promise<void> {
  const discovery = await discoverFrom(paths, flags, selectionOf(flags), io);
  const { images } = discovery;
  const names = [...new Set(images.map(({ reference }) => formatReference(reference)))].sort();
  if (flags.json === true) writeJson(io.stdout, namedImages, images.map(toJson));
  else for (const name of names) io.stdout.write(`${name}\n`);
  if (names.length === 0 && isWhole(discovery))
    io.stderr.write(`larder: ${paths.join(", ")}: no images are named there\n`);
  insistOnWhole(discovery, flags, io);
}

function toJson({ reference, written, file, line, kind, source, platform }: FoundImage) {
  return { image: formatReference(reference), written, file, line, kind, source, platform };
}
