import { archiveSink } from "../archive/archive-sink.ts";
import { streamTarget } from "../archive/archive-target.ts";
import type { EngineClient } from "./engine-client.ts";
import type { ImageSink } from "../image-sink.ts";
import { streamFrom } from "../files/stream-from.ts";

/** Puts one image into Docker or Podman under `name`, as a Docker archive that is first made in `spoolDirectory`. */
export async function openDaemonSink(
  engine: EngineClient,
  name: string,
  location: string,
  spoolDirectory: string,
): Promise<ImageSink> {
  const target = await streamTarget(spoolDirectory, (archive) => engine.loadImages(streamFrom(archive)));
  return archiveSink("docker", target, name, location);
}
