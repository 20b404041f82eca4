import type { RangeReader } from "../lib/files/range-reader.ts";
import { type ByteRange, parseRangeHeader, type RangesAsked } from "../lib/text/byte-range.ts";
import { ByteRangesBody } from "./byte-ranges-body.ts";
import type { Exchange } from "./exchange.ts";
import { RangeNotSatisfiable } from "./range-not-satisfiable.ts";

/** The facts of content that an answer's headers tell. */
export type ContentDescription = {
  readonly sizeBytes: number;
  /** Changes with the bytes: the ETag, without its quotes. */
  readonly tag: string;
  /** Its type, how long caches may keep it, and what else is to be said of it. */
  readonly headers: Readonly<Record<string, string>>;
};

type ContentBody = Blob | ReadableStream<Uint8Array> | string;

/** Content that can be sent in whole or in part. */
export type Content = ContentDescription & {
  /** What it is called in errors: `blob`, `file`. */
  readonly noun: string;
  /** Is all of it at hand? If not, reading it may wait. */
  readonly isHere: boolean;
  /** The bytes of a range; null: all. Called once at the most, and only when they are sent. */
  read(range: ByteRange | null): ContentBody | Promise<ContentBody>;
  /** Opens it for several ranges of so many bytes in all, as `read`; null when it can only be read in one go. */
  open(bytes: number): Promise<RangeReader | null>;
};

/** Answers of so many bytes are put together before they are sent, and so have a length: Bun sends streams in chunks. */
const SMALL_BYTES = 256 * 1024;

/**
 * Answers GET and HEAD for content: the whole, the ranges that are asked for (206), or that the client has it already (304).
 * What is sent is noted. Throws `RangeNotSatisfiable` for ranges outside of it. Source: RFC 9110, sections 13 and 14, by
 * which HEAD has no ranges.
 */
export async function sendContent(exchange: Exchange, content: Content): Promise<Response> {
  const { request, record } = exchange;
  if (request.method === "HEAD" || isNotModified(request, content.tag)) return describeContent(request, content);
  const { sizeBytes, noun } = content;
  const asked = rangesAsked(request, content);
  if (asked === "unsatisfiable") throw new RangeNotSatisfiable(sizeBytes, noun);
  if (asked !== null && asked.length > 1) {
    const parts = await sendParts(exchange, content, asked);
    if (parts !== null) return parts;
  }
  const range = asked?.length === 1 ? asked[0] : null;
  const found = await content.read(range);
  record.bytesOut = range === null ? sizeBytes : range.end - range.start;
  const headers = headersOf(content);
  // To `bytes=0-` of an empty file, Bun would say by itself that it cannot be satisfied.
  if (sizeBytes === 0) return new Response("", { headers });
  const body = found instanceof ReadableStream ? exchange.streamed(found) : found;
  if (range === null) return new Response(body, { headers });
  headers["Content-Range"] = `bytes ${range.start}-${range.end - 1}/${sizeBytes}`;
  return new Response(body, { status: 206, headers });
}

/** Several ranges, each a part of the answer (RFC 9110, section 15.3.7.2); null when the whole is to be sent instead. */
async function sendParts(exchange: Exchange, content: Content, ranges: readonly ByteRange[]): Promise<Response | null> {
  const headers = headersOf(content);
  const parts = new ByteRangesBody(ranges, content.sizeBytes, headers["Content-Type"] ?? "application/octet-stream");
  const reader = await content.open(ranges.reduce((sum, { start, end }) => sum + end - start, 0));
  if (reader === null) return null;
  headers["Content-Type"] = parts.contentType;
  exchange.record.bytesOut = parts.sizeBytes;
  const isSmall = content.isHere && parts.sizeBytes <= SMALL_BYTES;
  const body = isSmall ? await parts.bytes(reader) : exchange.streamed(parts.stream(reader, content.isHere));
  return new Response(body, { status: 206, headers });
}

/** Answers HEAD for content, which need not be at hand: its headers, or that the client has it already (304). */
export function describeContent(request: Request, content: ContentDescription): Response {
  const headers = headersOf(content);
  if (isNotModified(request, content.tag)) return new Response(null, { status: 304, headers });
  headers["Content-Length"] = String(content.sizeBytes);
  return new Response(null, { headers });
}

/**
 * Does the client have the content with this tag already? `If-None-Match` by RFC 9110, section 13.1.2; a tag without its
 * quotes counts, too.
 */
export function isNotModified(request: Request, tag: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  return header.split(",").some((one) => ["*", `"${tag}"`, tag].includes(one.trim().replace(/^W\//, "")));
}

/** `If-Range` with another content's tag asks for the whole (RFC 9110, section 13.1.5). */
function rangesAsked(request: Request, { tag, sizeBytes }: ContentDescription): RangesAsked {
  const condition = request.headers.get("if-range");
  if (condition !== null && condition !== `"${tag}"`) return null;
  return parseRangeHeader(request.headers.get("range"), sizeBytes);
}

function headersOf({ headers, tag }: ContentDescription): Record<string, string> {
  return {
    ...headers,
    "Accept-Ranges": "bytes",
    // Without a disposition of ours, Bun would add one with the name that a file has on this disk.
    "Content-Disposition": "attachment",
    ETag: `"${tag}"`,
  };
}
