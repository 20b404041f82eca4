import { parseRangeHeader } from "../../lib/byte-range.ts";
import { type Digest, parseDigest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Blobs } from "../../registry/blobs.ts";
import type { Target } from "../../registry/locate.ts";
import { API_HEADERS, type Call } from "./call.ts";
import { isNotModified } from "./not-modified.ts";

/** GET, HEAD and DELETE of `/v2/NAME/blobs/DIGEST`. Source: distribution-spec v1.1.1, "Pulling blobs". */
export async function answerBlob(call: Call, target: Target, digestText: string, blobs: Blobs): Promise<Response> {
  const digest = parseDigest(digestText);
  switch (call.request.method) {
    case "GET":
      return getBlob(call, target, digest, blobs);
    case "HEAD": {
      const size = await blobs.promise(target, digest);
      return new Response(null, { headers: { ...blobHeaders(digest), "Content-Length": String(size) } });
    }
    case "DELETE":
      call.assertMayWrite();
      await blobs.delete(target, digest);
      return new Response(null, { status: 202, headers: API_HEADERS });
    default:
      throw new RegistryError("UNSUPPORTED", `${call.request.method} is not a method of blobs`);
  }
}

async function getBlob(call: Call, target: Target, digest: Digest, blobs: Blobs): Promise<Response> {
  const size = await blobs.size(target, digest);
  const headers = blobHeaders(digest);
  if (isNotModified(call.request, digest)) return new Response(null, { status: 304, headers });
  const range = parseRangeHeader(call.request.headers.get("range"), size);
  if (range === "unsatisfiable") {
    return new Response(null, { status: 416, headers: { ...API_HEADERS, "Content-Range": `bytes */${size}` } });
  }
  const body = await blobs.read(target, digest, size, range);
  call.allowSlowTransfer();
  if (range === null) return new Response(body, { headers });
  const contentRange = `bytes ${range.start}-${range.end - 1}/${size}`;
  return new Response(body, { status: 206, headers: { ...headers, "Content-Range": contentRange } });
}

/** Content under a digest never changes: caches may keep it for a year. */
function blobHeaders(digest: Digest): Record<string, string> {
  return {
    ...API_HEADERS,
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
    "Cache-Control": "public, max-age=31536000, immutable",
    ETag: `"${digest}"`,
  };
}
