import { copyImage, type CopyOptions } from "../images/copy/copy-image.ts";
import type { ImageSink } from "../images/image-sink.ts";
import type { ImageSource, SourceImage } from "../images/image-source.ts";
import type { CopyReport } from "./copy-report.ts";
import { interruption } from "./interruption.ts";

/** What is there after an interruption: blobs stay where they are for a while, and are not copied again. */
function describeRest(images: number, destination: string): string {
  const what = images === 1 ? "the image is" : "the images are";
  return `${what} not at ${destination}; a registry keeps the layers that came over for a while, and the same command goes on from there`;
}

/** Copies images one after the other into one sink, which is closed; after a failure it is given up instead. */
export async function copyAll(
  source: ImageSource,
  images: readonly SourceImage[],
  sink: ImageSink,
  options: Omit<CopyOptions, "onEvent">,
  report: CopyReport,
): Promise<void> {
  try {
    const copied = [];
    for (const image of images) {
      copied.push(await copyImage(source, image, sink, { ...options, onEvent: (event) => report.onEvent(event) }));
    }
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
