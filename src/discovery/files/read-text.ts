/** Reads text files that may be anything: too large, binary, a pipe, gone. */
import { createReadStream } from "node:fs";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** No manifest is larger; the largest bundles of custom resource definitions have some ten MiB. */
const TEXT_BYTES_LIMIT = 64 * 1024 * 1024;

/** What a file holds: text, or why there is none. */
export type TextFile =
  | { readonly text: string }
  | { readonly text: null; readonly reason: "binary" | "too large" | "unreadable"; readonly cause?: unknown };

/** Reads at most 64 MiB of a file or pipe. A byte order mark is taken off; a zero byte makes a file binary. Does not throw. */
export function readText(path: string, signal: AbortSignal): Promise<TextFile> {
  return readTextFrom(createReadStream(path, { signal, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>, signal);
}

/** Reads bytes as `readText` reads a file. */
export async function readTextFrom(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<TextFile> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      signal.throwIfAborted();
      if (size === 0 && chunk.subarray(0, 8192).includes(0) && !isUtf16(chunk)) return { text: null, reason: "binary" };
      size += chunk.length;
      if (size > TEXT_BYTES_LIMIT) return { text: null, reason: "too large" };
      chunks.push(chunk);
    }
  } catch (cause) {
    signal.throwIfAborted();
    return { text: null, reason: "unreadable", cause };
  }
  const bytes = Buffer.concat(chunks);
  // Windows editors save YAML as UTF-16, which YAML allows.
  const encoding = isUtf16(bytes) ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8";
  return { text: new TextDecoder(encoding).decode(bytes) };
}

function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** Says in a message why a file has no text. */
export function reasonOf(file: Extract<TextFile, { text: null }>): string {
  if (file.reason === "binary") return "it is not a text file";
  if (file.reason === "too large") return `it is larger than ${TEXT_BYTES_LIMIT >> 20} MiB`;
  return `it cannot be read (${describeFailure(file.cause)})`;
}
