import { parseRangeHeader } from "../../lib/text/byte-range.ts";
import { type Digest, parseDigest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Blobs } from "../../registry/pull/blobs.ts";
import { errorResponse } from "../error-response.ts";
import { API_HEADERS, type Call } from "./call.ts";
import { isNotModified } from "./not-modified.ts";

/** GET, HEAD and DELETE of `/v2/NAME/blobs/DIGEST`. Source: distribution-spec v1.1.1, "Pulling blobs". */
export async function answerBlob(
  call: Call,
  repository: Repository,
  digestText: string,
  blobs: Blobs,
): Promise<Response> {
  const digest = parseDigest(digestText);
  if (call.request.method === "HEAD") return headBlob(call, repository, digest, blobs);
  if (call.request.method === "GET") return getBlob(call, repository, digest, blobs);
  await blobs.delete(repository, digest);
  return new Response(null, { status: 202, headers: API_HEADERS });
}

async function headBlob(call: Call, repository: Repository, digest: Digest, blobs: Blobs): Promise<Response> {
  const size = await blobs.sizeForPush(repository, digest, call.context);
  const headers = blobHeaders(digest);
  if (isNotModified(call.request, digest)) return new Response(null, { status: 304, headers });
  return new Response(null, { headers: { ...headers, "Content-Length": String(size) } });
}

async function getBlob(call: Call, repository: Repository, digest: Digest, blobs: Blobs): Promise<Response> {
  const blob = await blobs.get(repository, digest, call.context);
  const { size } = blob;
  const headers = blobHeaders(digest);
  if (isNotModified(call.request, digest)) return new Response(null, { status: 304, headers });
  const range = rangeAsked(call.request, digest, size);
  if (range === "unsatisfiable") {
    const error = new RegistryError("RANGE_INVALID", `the range is not within the ${size} bytes of the blob`);
    return errorResponse(error, { ...API_HEADERS, "Content-Range": `bytes */${size}` });
  }
  const body = await blob.read(range);
  call.allowSlowTransfer();
  if (range === null) return new Response(body, { headers });
  const contentRange = `bytes ${range.start}-${range.end - 1}/${size}`;
  return new Response(body, { status: 206, headers: { ...headers, "Content-Range": contentRange } });
}

/** `If-Range` with another content's tag asks for the whole (RFC 9110, section 13.1.5). */
function rangeAsked(request: Request, digest: Digest, size: number) {
  const condition = request.headers.get("if-range");
  if (condition !== null && condition !== `"${digest}"`) return null;
  return parseRangeHeader(request.headers.get("range"), size);
}

/**
 * Content under a digest never changes: caches may keep it for a year. Without a disposition of ours, Bun would add one
 * with the file's name.
 */
function blobHeaders(digest: Digest): Record<string, string> {
  return {
    ...API_HEADERS,
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "attachment",
    ETag: `"${digest}"`,
  };
}
