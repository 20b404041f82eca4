import type { BlobRead } from "./registry-client.ts";
import { holdToLength } from "./transport/response-body.ts";
import { describeRequest, type HttpResponse } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";

/** The headers that ask for a blob from `offset` on. */
export function rangeFrom(offset: number): Record<string, string> {
  return offset === 0 ? {} : { range: `bytes=${offset}-` };
}

/**
 * The blob, or its part from `offset` on, that an answer of status 200 or 206 brings, held to the length that it states.
 * `onFailure` is told of a body that breaks off. Throws a `protocol` failure for another part than was asked for.
 */
export async function blobOf(
  response: HttpResponse,
  offset: number,
  onFailure: (error: unknown) => void,
): Promise<BlobRead> {
  const { lengthBytes, ...extent } =
    response.status === 206 ? await partialExtent(response, offset) : wholeExtent(response.headers);
  const what = describeRequest("GET", response.url);
  return { body: holdToLength(response.body ?? emptyBody(), lengthBytes, what, onFailure), ...extent };
}

/** The Content-Length; null without one. */
export function contentLength(headers: Headers): number | null {
  const text = headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Which part of a blob a body is. `lengthBytes` is the body's own. */
type Extent = { readonly offset: number; readonly totalBytes: number | null; readonly lengthBytes: number | null };

function wholeExtent(headers: Headers): Extent {
  const lengthBytes = contentLength(headers);
  return { offset: 0, totalBytes: lengthBytes, lengthBytes };
}

/** Source: RFC 9110, section 14.4. */
async function partialExtent(response: HttpResponse, offset: number): Promise<Extent> {
  const text = response.headers.get("content-range") ?? "";
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(text.trim());
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  const totalBytes = match?.[3] === "*" ? null : Number(match?.[3]);
  if (match === null || first !== offset || last < first || (totalBytes !== null && last !== totalBytes - 1)) {
    await response.body?.cancel();
    throw new UpstreamError(
      { kind: "protocol" },
      `${describeRequest("GET", response.url)} was asked for the bytes from ${offset} on and sent ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return { offset, totalBytes, lengthBytes: last - first + 1 };
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
}
