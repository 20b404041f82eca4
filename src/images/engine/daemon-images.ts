import { RegistryError } from "../../oci/registry-error.ts";
import { openDockerArchiveSource } from "../docker-archive/docker-archive-source.ts";
import type { ImageEngine } from "./image-engine.ts";
import type { ImageSource } from "../image-source.ts";
import { openArchiveStream } from "../archive/open-archive.ts";
import { sourceOverTree } from "../files/source-over-tree.ts";
import type { Spool } from "../files/spool-file.ts";
import { archiveSink } from "../archive/archive-sink.ts";
import { streamTarget } from "../archive/archive-target.ts";
import type { ImageSink } from "../image-sink.ts";
import { streamFrom } from "../files/stream-from.ts";

/**
 * An image of Docker's or Podman's own, which the engine gives as an archive; that is kept in a spool file
 * meanwhile. Throws MANIFEST_UNKNOWN when the engine does not have it.
 */
export async function openDaemonSource(
  engine: ImageEngine,
  name: string,
  location: string,
  spool: Spool,
): Promise<ImageSource> {
  const archive = await engine.saveImage(name);
  if (archive === null) {
    throw new RegistryError("MANIFEST_UNKNOWN", `${location}: the container engine has no image of this name`);
  }
  const tree = await openArchiveStream(archive, location, spool);
  return sourceOverTree(tree, async () => {
    const source = await openDockerArchiveSource(tree, null);
    const [image] = await source.images();
    // Engines save an image with all of its names, and by its ID with none.
    return image === undefined ? source : { ...source, images: () => Promise.resolve([{ ...image, name }]) };
  });
}

/** Puts one image into Docker or Podman under `name`, as a Docker archive that is first made in `spoolDirectory`. */
export async function openDaemonSink(
  engine: ImageEngine,
  name: string,
  location: string,
  spoolDirectory: string,
): Promise<ImageSink> {
  const target = await streamTarget(spoolDirectory, (archive) => engine.loadImages(streamFrom(archive)));
  return archiveSink("docker", target, name, location);
}
