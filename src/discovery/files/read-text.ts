/** Reads text files that may be anything: too large, binary, a pipe, gone. */
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { fileAt, isThere, openPieces } from "./reading.ts";

/** No manifest is larger; the largest bundles of custom resource definitions have some ten MiB. */
const TEXT_BYTES_LIMIT = 64 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** What a file holds: text, or why there is none. */
export type TextFile =
  | { readonly text: string }
  | { readonly text: null; readonly reason: "binary" | "too large" | "unreadable"; readonly cause?: unknown };

/** JSON that is too large to be read whole, in pieces as they come. Reading them may fail as reading a file does. */
export type LargeJson = { readonly text: null; readonly reason: "large JSON"; readonly pieces: AsyncIterable<string> };

/** JSON from this size on is read in pieces. */
const LARGE_JSON_BYTES = 8 * 1024 * 1024;

/** Reads a file as `readText` does, or opens it where it is large and begins as JSON does. */
export function readTextOrJson(path: string, signal: AbortSignal): Promise<TextFile | LargeJson> {
  return readTextOrJsonFrom(openFile(path, signal), signal);
}

/** Reads bytes as `readTextOrJson` reads a file. */
export async function readTextOrJsonFrom(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<TextFile | LargeJson> {
  const iterator = source[Symbol.asyncIterator]();
  const begun: Uint8Array[] = [];
  let size = 0;
  let isDone = false;
  try {
    while (!isDone && size <= LARGE_JSON_BYTES) {
      signal.throwIfAborted();
      const next = await iterator.next();
      if (next.done === true) isDone = true;
      else {
        begun.push(next.value);
        size += next.value.length;
      }
    }
  } catch (cause) {
    signal.throwIfAborted();
    return { text: null, reason: "unreadable", cause };
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* begun.splice(0);
    for (let next = isDone ? null : await iterator.next(); next !== null && next.done !== true; ) {
      yield next.value;
      next = await iterator.next();
    }
  }
  const isJson = /^\uFEFF?\s*[{[]/.test(new TextDecoder().decode(begun[0]?.subarray(0, 1024)));
  if (isDone || !isJson) return readTextFrom(all(), signal);
  return { text: null, reason: "large JSON", pieces: decoded(all()) };
}

async function* decoded(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of source) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Reads at most 64 MiB of a file or pipe. A byte order mark is taken off; a zero byte makes a file binary. Does not throw. */
export function readText(path: string, signal: AbortSignal): Promise<TextFile> {
  return readTextFrom(openFile(path, signal), signal);
}

function openFile(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  // A stream costs more than the reading of most files; a pipe has no size.
  const size = isThere(path) ? fileAt(path).size : 0;
  if (size > 0 && size <= CHUNK_BYTES) return wholeFile(path);
  return openPieces(path, signal);
}

async function* wholeFile(path: string): AsyncGenerator<Uint8Array> {
  yield await fileAt(path).bytes();
}

async function readTextFrom(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<TextFile> {
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
  if (file.reason === "too large")
    return `it is larger than ${TEXT_BYTES_LIMIT >> 20} MiB: as JSON it may be of any size`;
  return `it cannot be read (${describeFailure(file.cause)})`;
}
