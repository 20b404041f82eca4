import { XzReadableStream } from "xz-decompress";
import { CompressionError } from "./compression-error.ts";
import { readableFrom } from "./readable-from.ts";

/** The library decodes one stream at a time; waiting here, not inside it, leaves no lock behind when a reader gives up. */
let lastDecode: Promise<void> = Promise.resolve();

/**
 * Decodes .xz: LZMA2 with CRC32, CRC64 or no check, also several streams one after the other. Other filters (x86 and
 * the like) and SHA-256 checks are not known to the library and end in a CompressionError that says so.
 *
 * One stream is decoded at a time in the whole process, others wait: never read one inside another.
 */
export async function* decodeXz(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const before = lastDecode;
  const { promise, resolve } = Promise.withResolvers<void>();
  lastDecode = before.then(() => promise);
  try {
    await before;
    const { readable, failure, close } = readableFrom(source);
    const decoded = new XzReadableStream(readable).getReader() as ReadableStreamDefaultReader<Uint8Array>;
    try {
      for (let next = await decoded.read(); !next.done; next = await decoded.read()) yield next.value;
    } catch (cause) {
      const sourceFailure = failure();
      if (sourceFailure !== null) throw sourceFailure.error;
      throw new CompressionError(explain(cause), { cause });
    } finally {
      // The library fails to be told to end where it has ended already; nothing is left to be let go of then.
      await decoded.cancel().catch(() => {});
      await close();
    }
  } finally {
    resolve();
  }
}

/** The numbers are those of XZ Embedded's `enum xz_ret`. */
function explain(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  switch (/error code (\d+)/.exec(message)?.[1]) {
    case "2":
    case "6":
      return "the xz stream uses a check or a filter that is not supported; compress it with xz's default settings";
    case "3":
    case "4":
      return "the xz stream asks for more memory than is allowed; compress it with xz -9 or less";
    default:
      return `the xz stream is damaged or cut short (${message})`;
  }
}
