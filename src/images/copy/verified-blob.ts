import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, Digester } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { BlobToPut } from "../image-sink.ts";
import type { SourceBlob } from "../image-source.ts";
import { streamFrom } from "../files/stream-from.ts";

/**
 * The content of a blob, checked while it is read; see `BlobToPut` for what is checked when.
 *
 * `location` is where it comes from, for messages. `onBytes` is told how many bytes have been handed on since the
 * blob's beginning; less than before when it is read anew.
 */
export function verifiedBlob(
  descriptor: Descriptor,
  content: SourceBlob,
  location: string,
  onBytes: (doneBytes: number) => void,
): BlobToPut {
  const { digest } = descriptor;
  const { sizeBytes } = content;
  return {
    digest,
    sizeBytes,
    async open(offset) {
      const pieces = await content.stream(offset);
      return streamFrom(checked(pieces, { digest, sizeBytes, offset, location }, onBytes));
    },
  };
}

type Expected = Pick<BlobToPut, "digest" | "sizeBytes"> & { readonly offset: number; readonly location: string };

async function* checked(
  pieces: ReadableStream<Uint8Array>,
  { digest, sizeBytes, offset, location }: Expected,
  onBytes: (doneBytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  const digester = offset === 0 ? new Digester(algorithmOf(digest)) : null;
  const wrong = (why: string) => new RegistryError("DIGEST_INVALID", `the blob ${digest} of ${location} ${why}`);
  let position = offset;
  const finish = () => {
    const actual = digester?.digest() ?? digest;
    if (actual !== digest) throw wrong(`is damaged: its bytes have the digest ${actual}`);
  };
  for await (const piece of pieces) {
    position += piece.length;
    if (position > sizeBytes) throw wrong(`is longer than the ${sizeBytes} bytes it should have`);
    digester?.update(piece);
    // The last piece is held back until the digest is known: whoever got all bytes could take them for good.
    if (position === sizeBytes && piece.length > 0) finish();
    onBytes(position);
    yield piece;
  }
  if (position < sizeBytes) throw wrong(`ends after ${position} of the ${sizeBytes} bytes it should have`);
  if (sizeBytes === 0) finish();
}
