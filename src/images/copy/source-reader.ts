import { mapAhead } from "../../lib/async/map-ahead.ts";
import type { Work } from "../../lib/async/turns.ts";
import { CONFIG_LIMIT_BYTES, configSteps } from "../../oci/image-config.ts";
import type { ImageReader } from "../../oci/image-reader.ts";
import type { ImageSource } from "../image-source.ts";
import { readBlob } from "./read-blob.ts";

/** Reads the images of a source, `jobs` manifests at once. A config that is not there, or too long to be any, is null. */
export function sourceReader(source: ImageSource, jobs: number, work: Work): ImageReader {
  return {
    read: (listed) =>
      mapAhead(listed, jobs, async (one) => ({ listed: one, content: await source.manifest(one.digest) })),
    async config(descriptor) {
      const blob = await source.blob(descriptor);
      if (blob === null || blob.sizeBytes > CONFIG_LIMIT_BYTES) return null;
      return work.finish(configSteps(await readBlob(source, descriptor)));
    },
  };
}
