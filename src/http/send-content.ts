import { type ByteRange, parseRangeHeader } from "../lib/text/byte-range.ts";
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
  /** The bytes of a range; null: all. Called once at the most, and only when they are sent. */
  read(range: ByteRange | null): ContentBody | Promise<ContentBody>;
};

/**
 * Answers GET and HEAD for content: the whole, the range that is asked for (206), or that the client has it already (304).
 * What is sent is noted. Throws `RangeNotSatisfiable` for a range outside of it. Source: RFC 9110, sections 13 and 14.
 */
export async function sendContent(exchange: Exchange, content: Content): Promise<Response> {
  const { request, record } = exchange;
  if (request.method === "HEAD" || isNotModified(request, content.tag)) return describeContent(request, content);
  const { sizeBytes, noun } = content;
  const range = rangeAsked(request, content);
  if (range === "unsatisfiable") throw new RangeNotSatisfiable(sizeBytes, noun);
  const found = await content.read(range);
  record.bytesOut = range === null ? sizeBytes : range.end - range.start;
  const body = found instanceof ReadableStream ? exchange.streamed(found) : found;
  const headers = headersOf(content);
  if (range === null) return new Response(body, { headers });
  headers["Content-Range"] = `bytes ${range.start}-${range.end - 1}/${sizeBytes}`;
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
function rangeAsked(request: Request, { tag, sizeBytes }: ContentDescription): ByteRange | "unsatisfiable" | null {
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
