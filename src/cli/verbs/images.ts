import { Command } from "commander";
import { discoverImages } from "../../discovery/discover-images.ts";
import type { FoundImage } from "../../discovery/found/found-image.ts";
import type { Place } from "../../discovery/found/place.ts";
import { formatReference } from "../../oci/reference.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { namedImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";

type Flags = { readonly strict?: true; readonly json?: true };

/** `larder images PATH…`: the images that manifests, charts and lists under PATH name. */
export function imagesCommand(io: CommandIo): Command {
  return new Command("images")
    .alias("getimages")
    .description("the images that manifests, charts, Compose files, Dockerfiles or lists name")
    .argument("<path...>", "files, folders, or xcluster overlays along XCLUSTER_OVLPATH")
    .option("--strict", "leave out guesses: arguments, environment variables, manifests kept in strings")
    .option("--json", "with the file and line that each comes from")
    .action(async (paths: string[], flags: Flags) => listImages(io, paths, flags));
}

async function listImages(io: CommandIo, paths: readonly string[], flags: Flags): Promise<void> {
  const { environment, signal } = io;
  const { images, problems, elsewhere } = await discoverImages(paths, {
    environment,
    signal,
    strict: flags.strict === true,
  });
  for (const problem of problems) {
    io.stderr.write(
      `larder: ${problem.severity === "note" ? "note: " : ""}${formatPlace(problem)}: ${problem.message}\n`,
    );
  }
  for (const { what, ...place } of elsewhere) {
    io.stderr.write(`larder: ${formatPlace(place)}: ${what} is not here: its images are not listed\n`);
  }
  const names = [...new Set(images.map(({ reference }) => formatReference(reference)))].sort();
  if (flags.json === true) writeJson(io.stdout, namedImages, images.map(toJson));
  else for (const name of names) io.stdout.write(`${name}\n`);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (names.length === 0 && errors === 0) io.stderr.write(`larder: ${paths.join(", ")}: no images are named there\n`);
  if (errors > 0) throw new CommandFailure(1, "the list may not be whole: see above");
}

function formatPlace({ file, line }: Place): string {
  return line === null ? file : `${file}:${line}`;
}

function toJson({ reference, written, file, line, kind, source, platform }: FoundImage) {
  return { image: formatReference(reference), written, file, line, kind, source, platform };
}
