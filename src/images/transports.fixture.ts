import { archiveSink } from "./archive/archive-sink.ts";
import { fileTarget } from "./archive/archive-target.ts";
import { type CopiedImage, type CopyOptions, copyImage } from "./copy/copy-image.ts";
import { openDirectorySink } from "./directory/directory-sink.ts";
import { openDirectorySource } from "./directory/directory-source.ts";
import { openDirectoryTree } from "./files/directory-tree.ts";
import { openDockerArchiveSource } from "./docker-archive/docker-archive-source.ts";
import type { ImageSink } from "./image-sink.ts";
import type { ImageSource } from "./image-source.ts";
import { layoutSink } from "./layout/layout-sink.ts";
import { openLayoutSource } from "./layout/layout-source.ts";
import { formatLocation, parseLocation } from "./location.ts";
import { openArchiveFile } from "./archive/open-archive.ts";
import { sourceOverTree } from "./files/source-over-tree.ts";

/** Opens a location in files. `spoolDirectory` is for compressed archives. */
export async function openFileSource(text: string, spoolDirectory: string): Promise<ImageSource> {
  const spool = { directory: spoolDirectory, signal: new AbortController().signal };
  const location = parseLocation(text);
  switch (location.kind) {
    case "oci-layout":
      return openLayoutSource(await openDirectoryTree(location.path, formatLocation(location)), location.label);
    case "directory":
      return openDirectorySource(await openDirectoryTree(location.path, formatLocation(location)));
    case "oci-archive":
      return sourceOverTree(await openArchiveFile(location.path, text, spool), (tree) =>
        openLayoutSource(tree, location.label),
      );
    case "docker-archive":
      return sourceOverTree(await openArchiveFile(location.path, text, spool), (tree) =>
        openDockerArchiveSource(tree, location.label),
      );
    default:
      throw new Error(`${text} is no file`);
  }
}

/** Opens a location in files to be written. */
export async function openFileSink(text: string): Promise<ImageSink> {
  const location = parseLocation(text);
  switch (location.kind) {
    case "oci-layout":
      return layoutSink(location.path, location.label, text);
    case "directory":
      return openDirectorySink(location.path, text);
    case "oci-archive":
    case "docker-archive": {
      const format = location.kind === "oci-archive" ? "oci" : "docker";
      return archiveSink(format, await fileTarget(location.path), location.label, text);
    }
    default:
      throw new Error(`${text} is no file`);
  }
}

/** Copies all images of one source into one sink, and closes both; the sink is given up when that fails. */
export async function copyEverything(
  opening: ImageSource | Promise<ImageSource>,
  sinking: ImageSink | Promise<ImageSink>,
  options: Partial<CopyOptions> = {},
): Promise<readonly CopiedImage[]> {
  const source = await opening;
  const sink = await sinking;
  const signal = new AbortController().signal;
  const defaults = { platforms: { kind: "all" }, referrers: false, jobs: 3, signal, onEvent: () => {} } as const;
  try {
    const copied: CopiedImage[] = [];
    for (const image of await source.images()) {
      copied.push(await copyImage(source, image, sink, { ...defaults, ...options }));
    }
    await sink.close();
    return copied;
  } catch (error) {
    await sink.abort();
    throw error;
  } finally {
    await source.close();
  }
}
