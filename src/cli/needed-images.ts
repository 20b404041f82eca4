import { discoverImages, type Discovery } from "../discovery/discover-images.ts";
import { isBuiltLocally, neededImages, type NeededImage } from "../discovery/needed-images.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import { type PlatformSelection, wantedOf } from "../oci/platform-selection.ts";
import { chartOptionsOf, readingValues } from "./chart-flags.ts";
import type { DiscoveryFlags } from "./discovery-flags.ts";

/** The images that files name, by their full names in order, each once for what is wanted of it. */
export type NeededImages = {
  readonly images: readonly NeededImage[];
  /** Throws, where the list may lack images; call it when all else is done. */
  readonly insistOnWhole: () => void;
};

/**
 * Finds the images that a cluster would pull for the files below these paths; warnings go to stderr. Images with the
 * tag `local` are left out: they are built on the machine that runs them, and no registry has them.
 *
 * `selection`: what is wanted of each; where the user gave no platform, one that a file gives counts.
 */
export async function findNeededImages(
  paths: readonly string[],
  flags: DiscoveryFlags,
  selection: PlatformSelection,
  io: CommandIo,
): Promise<NeededImages> {
  const discovery = await discoverFrom(paths, flags, selection, io);
  const all = neededImages(discovery.images, selection);
  const images = all.filter((image) => !isBuiltLocally(image));
  if (images.length === 0 && isWhole(discovery)) {
    const what = all.length === 0 ? "no images are named there" : "only images with the tag local are named there";
    io.stderr.write(`larder: ${paths.join(", ")}: ${what}\n`);
  }
  return { images, insistOnWhole: () => insistOnWhole(discovery, flags, io) };
}

/** Was all read, so that nothing was said yet of why there are no images? */
export function isWhole({ problems, elsewhere }: Discovery): boolean {
  return elsewhere.length === 0 && problems.every(({ severity }) => severity === "note");
}

/** Finds images as the flags say; what was not read, and what is elsewhere, goes to stderr, a line each. */
export async function discoverFrom(
  paths: readonly string[],
  flags: DiscoveryFlags,
  selection: PlatformSelection,
  io: CommandIo,
): Promise<Discovery> {
  const { environment, signal, stderr, stdin } = io;
  const charts = flags.fetch === true ? (await import("./chart-source.ts")).chartSource(flags, io) : null;
  const platforms = wantedOf(selection);
  const options = {
    environment,
    signal,
    strict: flags.strict === true,
    helm: chartOptionsOf(flags),
    ...(platforms === null ? {} : { platforms }),
    ...(charts === null ? {} : { charts }),
    ...(stdin === undefined ? {} : { standardInput: stdin }),
  };
  const discovery = await readingValues(discoverImages(paths, options));
  for (const { severity, file, line, message } of discovery.problems) {
    stderr.write(`larder: ${severity === "note" ? "note: " : ""}${placeOf(file, line)}: ${message}\n`);
  }
  for (const { what, file, line, failure } of discovery.elsewhere) {
    const why = failure === null ? "is not here" : `could not be fetched (${failure})`;
    stderr.write(`larder: ${placeOf(file, line)}: ${what} ${why}: its images are not listed\n`);
  }
  return discovery;
}

/**
 * Says in the last line what the list lacks. With `--strict` that has a status of its own, 3; without it, what could not
 * be read, or is a part of something that was named, is a failure, and other things that are elsewhere are none.
 */
export function insistOnWhole({ problems, elsewhere }: Discovery, flags: DiscoveryFlags, { stderr }: CommandIo): void {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (errors === 0 && elsewhere.length === 0) return;
  const parts = [
    errors === 0 ? "" : `${errors} ${errors === 1 ? "thing" : "things"} could not be read`,
    elsewhere.length === 0 ? "" : `${elsewhere.length} ${elsewhere.length === 1 ? "is" : "are"} elsewhere`,
  ].filter((part) => part !== "");
  const canFetch = flags.fetch !== true && elsewhere.some(({ chart }) => chart !== null && chart.repository !== "");
  const message = `the list is not whole: ${parts.join(", ")}${canFetch ? " (--fetch brings charts)" : ""}; see above`;
  if (flags.strict === true) throw new CommandFailure(3, message);
  if (errors > 0 || elsewhere.some(({ isPart }) => isPart)) throw new CommandFailure(1, message);
  stderr.write(`larder: ${message}\n`);
}

function placeOf(file: string, line: number | null): string {
  return line === null ? file : `${file}:${line}`;
}
