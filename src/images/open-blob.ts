import type { Descriptor } from "../oci/descriptor.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { ImageSource, SourceBlob } from "./image-source.ts";

/** Docker's schema 1 lists layers without their sizes; `parseManifest` gives them this type. */
const UNSIZED_LAYER = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

/** Does this descriptor say nothing of the blob's size? */
export function isUnsized({ mediaType, size }: Descriptor): boolean {
  return mediaType === UNSIZED_LAYER && size === 0;
}

/** A blob that is there and as long as its descriptor says. Throws BLOB_UNKNOWN or SIZE_INVALID. */
export async function openBlob(source: ImageSource, descriptor: Descriptor): Promise<SourceBlob> {
  const { digest, size } = descriptor;
  const content = await source.blob(descriptor);
  if (content === null) {
    throw new RegistryError("BLOB_UNKNOWN", `${source.location} is incomplete: it lacks the blob ${digest}`);
  }
  if (content.sizeBytes !== size && !isUnsized(descriptor)) {
    throw new RegistryError(
      "SIZE_INVALID",
      `the blob ${digest} of ${source.location} has ${content.sizeBytes} bytes; its manifest says ${size}`,
    );
  }
  return content;
}
