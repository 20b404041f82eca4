import { CompressionError } from "../../lib/compression/compression-error.ts";
import { decompress } from "../../lib/compression/decompress.ts";
import { RegistryError } from "../../oci/registry-error.ts";

/** How much may come out of a compressed stream: `anywayBytes` of any, of more `ratio` times what went in. */
export type InflationLimits = { readonly anywayBytes: number; readonly ratio: number };

/** Real layers and archives grow 2 to 20 times; a small one may grow more (disk images are full of zeros). */
const LIMITS: InflationLimits = { anywayBytes: 2 * 1024 ** 3, ratio: 200 };

/**
 * The plain content of a stream that may be compressed. What grows far more than images do is refused while it is
 * read, since the bound goes with the compressed bytes that have come. Throws MANIFEST_INVALID, naming it as `name`.
 */
export async function* inflate(
  source: AsyncIterable<Uint8Array>,
  name: string,
  limits: InflationLimits = LIMITS,
): AsyncGenerator<Uint8Array> {
  let [taken, given] = [0, 0];
  const counted = async function* () {
    for await (const piece of source) {
      taken += piece.length;
      yield piece;
    }
  };
  try {
    for await (const piece of decompress(counted(), { maxBytes: Number.MAX_SAFE_INTEGER })) {
      given += piece.length;
      if (given > Math.max(limits.anywayBytes, taken * limits.ratio)) {
        throw new CompressionError(`${taken} bytes of it grew to ${given} and more, which no image does`);
      }
      yield piece;
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    throw new RegistryError("MANIFEST_INVALID", `${name} cannot be read: ${error.message}`, { cause: error });
  }
}
