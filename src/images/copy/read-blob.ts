import { Pace } from "../../lib/async/pace.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ImageSource } from "../image-source.ts";
import { openBlob } from "../open-blob.ts";
import { verifiedBlob } from "./verified-blob.ts";

/** The longest blob that is read into memory: configs, of which the largest known have some hundred KiB. */
const LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Reads a small blob and checks its digest. Throws what `openBlob` throws, DIGEST_INVALID, PAYLOAD_TOO_LARGE, or UNAVAILABLE
 * when it comes too slowly.
 */
export async function readBlob(
  source: ImageSource,
  descriptor: Descriptor,
  pace: Pick<Pace, "isTooSlow"> = new Pace(),
): Promise<Uint8Array> {
  const content = await openBlob(source, descriptor);
  if (content.sizeBytes > LIMIT_BYTES) {
    throw new RegistryError(
      "PAYLOAD_TOO_LARGE",
      `the config ${descriptor.digest} of ${source.location} has ${content.sizeBytes} bytes; larder reads ${LIMIT_BYTES} at most`,
    );
  }
  const bytes = new Uint8Array(content.sizeBytes);
  let position = 0;
  for await (const piece of await verifiedBlob(descriptor, content, source.location, () => {}).open(0)) {
    bytes.set(piece, position);
    position += piece.length;
    if (position < bytes.length && pace.isTooSlow(position)) throw tooSlow(source, descriptor, position);
  }
  return bytes;
}

function tooSlow({ location }: ImageSource, { digest, size }: Descriptor, position: number): RegistryError {
  const message = `${location} sent ${position} of ${size} bytes of the config ${digest}, and too slowly to wait for the rest`;
  return new RegistryError("UNAVAILABLE", message);
}
