import { availableParallelism } from "node:os";
import { compressLayers } from "../images/compress/compress-layers.ts";
import type { LayerCompression } from "../images/compress/compressed-manifest.ts";
import { type CopiedImage, copyImage, type CopyOptions } from "../images/copy/copy-image.ts";
import type { ImageSink } from "../images/image-sink.ts";
import type { ImageSource, SourceImage } from "../images/image-source.ts";
import { Turns } from "../lib/async/turns.ts";
import { ALL_PLATFORMS } from "../oci/platform-selection.ts";
import type { CopyReport } from "./copy-report.ts";
import { interruption } from "./interruption.ts";

/** What is there after an interruption: blobs stay where they are for a while, and are not copied again. */
function describeRest(images: number, destination: string): string {
  const what = images === 1 ? "the image is" : "the images are";
  return `${what} not at ${destination}; a registry keeps the layers that came over for a while, and the same command goes on from there`;
}

/** How plain layers are compressed on the way, and where they are kept meanwhile. */
export type Compressing = {
  readonly compression: LayerCompression;
  readonly level: number;
  readonly directory: string;
};

/** What `copyAll` does with each image. */
export type CopyAllOptions = Omit<CopyOptions, "onEvent"> & { readonly compress: Compressing | null };

/** Blocks that are compressed at once at most: each takes some megabytes. */
const MOST_TASKS = 16;

/** Copies images one after the other into one sink, which is closed; after a failure it is given up instead. */
export async function copyAll(
  source: ImageSource,
  images: readonly SourceImage[],
  sink: ImageSink,
  options: CopyAllOptions,
  report: CopyReport,
): Promise<void> {
  try {
    const copied: CopiedImage[] = [];
    for (const image of images) copied.push(await copyOne(source, image, sink, options, report));
    await sink.close();
    for (const one of copied) report.add({ source: source.location, destination: sink.location, ...one });
  } catch (error) {
    await sink.abort();
    if (options.signal.aborted) throw interruption(options.signal, describeRest(images.length, sink.location), error);
    throw error;
  } finally {
    report.close();
  }
}

async function copyOne(
  source: ImageSource,
  image: SourceImage,
  sink: ImageSink,
  { compress, ...options }: CopyAllOptions,
  report: CopyReport,
): Promise<CopiedImage> {
  const onEvent = (event: Parameters<CopyReport["onEvent"]>[0]) => report.onEvent(event);
  if (compress === null) return copyImage(source, image, sink, { ...options, onEvent });
  const { signal, platforms } = options;
  const { directory, ...how } = compress;
  const tasks = Math.min(availableParallelism() + 1, MOST_TASKS);
  const work = new Turns().begin(signal);
  const packing = { ...how, tasks, spool: { directory, signal }, work, onEvent };
  const compressed = await compressLayers(source, image, platforms, packing);
  try {
    report.addCompressed(source.location, compressed.layers);
    // The platforms were chosen before.
    return await copyImage(compressed.source, compressed.image, sink, {
      ...options,
      platforms: ALL_PLATFORMS,
      onEvent,
    });
  } finally {
    await compressed.source.close();
  }
}
