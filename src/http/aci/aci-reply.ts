import { AciError } from "../../aci/aci-error.ts";
import { openFileRanges } from "../../lib/files/open-file-ranges.ts";
import type { RangeReader } from "../../lib/files/range-reader.ts";
import type { ByteRange } from "../../lib/text/byte-range.ts";
import { digestOf } from "../../oci/digest.ts";
import { ERROR_STATUS, RegistryError } from "../../oci/registry-error.ts";
import { headersOfFailure } from "../error-response.ts";
import type { Exchange } from "../exchange.ts";
import { sendContent } from "../send-content.ts";
import { sendText } from "../send-text.ts";

/** A file to be sent. `tag` is its ETag, which changes with its content. */
export type SentFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly tag: string;
  readonly contentType: string;
};

/**
 * A tag may move: clients ask again after a minute, and `If-None-Match` costs them nothing. `no-transform` because the
 * bytes are hashed and signed: a Content-Encoding would not be undone by those who verify them.
 */
const CACHING = "public, max-age=60, no-transform";
/** An image that cannot be an ACI: the request was well understood (RFC 9110, section 15.5.21). */
const UNPROCESSABLE = 422;
const RETRY_AFTER_SECONDS = "5";

/** The answer to GET and HEAD for a file, as `sendContent` gives it. */
export function fileReply(exchange: Exchange, { path, sizeBytes, tag, contentType }: SentFile): Promise<Response> {
  const headers = headersFor(contentType);
  const file = Bun.file(path);
  const read = (range: ByteRange | null) => (range === null ? file : file.slice(range.start, range.end));
  const open = () => openFileRanges(path);
  return sendContent(exchange, { sizeBytes, tag, headers, noun: "file", isHere: true, read, open });
}

/** The answer to GET and HEAD for an armored text, a signature or a key: by ranges and tags, as those for files. */
export function armorReply(exchange: Exchange, text: string, contentType: string): Promise<Response> {
  const bytes = Buffer.from(text);
  const content = {
    sizeBytes: bytes.length,
    tag: digestOf(bytes),
    headers: headersFor(contentType),
    noun: "file",
    isHere: true,
    read: (range: ByteRange | null) => new Blob([range === null ? bytes : bytes.subarray(range.start, range.end)]),
    open: () => Promise.resolve(readerOf(bytes)),
  };
  return sendContent(exchange, content);
}

function readerOf(bytes: Uint8Array): RangeReader {
  return {
    read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
    close: () => Promise.resolve(),
  };
}

function headersFor(contentType: string): Record<string, string> {
  return { "Cache-Control": CACHING, "Content-Type": contentType };
}

/** The answer for a small text, which clients may cache for a minute. */
export function textReply(exchange: Exchange, text: string, contentType = "text/plain; charset=utf-8"): Response {
  return sendText(exchange, text, {
    headers: headersFor(contentType),
  });
}

/**
 * The answer for a signature that is not ready: clients fetch the ACI and ask again (appc/spec 0.8.11,
 * spec/discovery.md).
 */
export function notYetReply(exchange: Exchange): Response {
  return sendText(exchange, "larder: the ACI is being made; fetch it, then ask for its signature again\n", {
    status: 202,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      "Retry-After": RETRY_AFTER_SECONDS,
    },
  });
}

/**
 * The answer for a failure: one line for the person who reads what curl prints. Of a fault of larder's own it says no
 * more than where the log has it.
 */
export function failureReply(exchange: Exchange, error: unknown): Response {
  const isTold = error instanceof RegistryError || error instanceof AciError;
  const status = error instanceof RegistryError ? ERROR_STATUS[error.code] : isTold ? UNPROCESSABLE : 500;
  const message = isTold
    ? error.message
    : "larder failed to answer; its log says why, under this answer's X-Request-ID";
  return sendText(exchange, `larder: ${message}\n`, {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      ...headersOfFailure(error, status, RETRY_AFTER_SECONDS),
    },
  });
}
