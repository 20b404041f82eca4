import { mapAhead } from "../../lib/async/map-ahead.ts";
import type { Work } from "../../lib/async/turns.ts";
import { CONFIG_LIMIT_BYTES, configSteps } from "../../oci/image-config.ts";
import type { ImageReader } from "../../oci/image-reader.ts";
import type { ImageSource } from "../image-source.ts";
import { readBlob } from "./read-blob.ts";

/**
 * Makes the reader of a source's images, with `jobs` manifests at once. A config that does not exist, or is too long
 * to be one, is null.
 */
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
