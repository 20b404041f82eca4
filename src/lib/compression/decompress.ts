import { decodeBzip2 } from "./decode-bzip2.ts";
import { decodeXz } from "./decode-xz.ts";
import { CompressionError } from "./compression-error.ts";
import { type Compression, detectCompression, MAGIC_BYTES } from "./detect-compression.ts";
import { readableFrom } from "./readable-from.ts";

/**
 * Gives the plain content of a stream that may be compressed: gzip, zstd (both also as several members or frames one
 * after the other), xz, bzip2, or not at all, as its first bytes say.
 *
 * Nothing is read ahead of what is asked for. Throws CompressionError when the stream is damaged or cut short, or when
 * it gives more than `maxBytes`; errors of `source` pass through as they are. Memory is bounded by the formats: up to
 * 128 MiB for a zstd stream that was made with its largest window, under 10 MiB for gzip and bzip2.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: { readonly maxBytes: number },
): AsyncGenerator<Uint8Array> {
  const { firstBytes, all } = await peek(source);
  const compression = detectCompression(firstBytes);
  let given = 0;
  for await (const chunk of decoded(compression, all)) {
    given += chunk.length;
    if (given > options.maxBytes) {
      throw new CompressionError(
        `the stream (${compression === "none" ? "not compressed" : compression}) holds more than the ${options.maxBytes} bytes that are allowed`,
      );
    }
    yield chunk;
  }
}

function decoded(compression: Compression, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "none":
      return source;
    case "gzip":
    case "zstd":
      return decodeWithRuntime(compression, source);
    case "xz":
      return decodeXz(source);
    case "bzip2":
      return decodeBzip2(source);
    default:
      return compression satisfies never;
  }
}

/** `DecompressionStream`, not node:zlib: Bun's node:zlib takes a zstd stream that was cut short for a whole one. */
async function* decodeWithRuntime(
  format: "gzip" | "zstd",
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { readable, failure, close } = readableFrom(source);
  try {
    yield* readable.pipeThrough(new DecompressionStream(format));
  } catch (cause) {
    const sourceFailure = failure();
    if (sourceFailure !== null) throw sourceFailure.error;
    // What the runtime says of it depends on how far its decoder came.
    throw new CompressionError(`the ${format} stream is damaged or cut short`, { cause });
  } finally {
    await close();
  }
}

/** The first bytes of a stream, and the whole stream again. */
async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ firstBytes: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < MAGIC_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    chunks.push(next.value);
    length += next.value.length;
  }
  return { firstBytes: Buffer.concat(chunks), all: replay(chunks, iterator) };
}

async function* replay(chunks: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
