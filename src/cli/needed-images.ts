import { discoverImages } from "../discovery/discover-images.ts";
import { formatReference } from "../oci/reference.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import type { NeededImage } from "./preload-images.ts";

/** The images that files name, each once, by their full names in order. */
export type NeededImages = {
  readonly needed: readonly NeededImage[];
  /** Could something not be read, so that the list may lack images? */
  readonly isPartial: boolean;
};

/**
 * Finds the images that a cluster would pull for the files below these paths; warnings go to stderr. Images with the
 * tag `local` are left out: they are built on the machine that runs them, and no registry has them.
 */
export async function neededImages(
  paths: readonly string[],
  options: { readonly strict: boolean },
  { environment, signal, stderr }: CommandIo,
): Promise<NeededImages> {
  const { images, problems, elsewhere } = await discoverImages(paths, { environment, signal, strict: options.strict });
  for (const { severity, file, line, message } of problems) {
    const place = line === null ? file : `${file}:${line}`;
    stderr.write(`larder: ${severity === "note" ? "note: " : ""}${place}: ${message}\n`);
  }
  for (const { what, file, line } of elsewhere) {
    stderr.write(
      `larder: ${line === null ? file : `${file}:${line}`}: ${what} is not here: its images are not listed\n`,
    );
  }
  const byName = new Map<string, NeededImage>();
  for (const { reference, kind } of images) {
    const name = formatReference(reference);
    // What one field names is no guess, however often others look like it.
    byName.set(name, { reference, isGuess: kind === "guess" && byName.get(name)?.isGuess !== false });
  }
  const all = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image);
  const pulled = all.filter(({ reference }) => reference.tag !== "local");
  if (pulled.length === 0) {
    const what = all.length === 0 ? "no images are named there" : "only images with the tag local are named there";
    stderr.write(`larder: ${paths.join(", ")}: ${what}\n`);
  }
  return { needed: pulled, isPartial: problems.some(({ severity }) => severity === "error") };
}
