import { type Digest, parseDigest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Blobs } from "../../registry/pull/blobs.ts";
import { type Content, describeContent, sendContent } from "../send-content.ts";
import { API_HEADERS, type Call } from "./call.ts";

/** Answers GET, HEAD and DELETE of `/v2/NAME/blobs/DIGEST`. Source: distribution-spec v1.1.1, "Pulling blobs". */
export async function answerBlob(
  call: Call,
  repository: Repository,
  digestText: string,
  blobs: Blobs,
): Promise<Response> {
  call.exchange.record.reference = digestText;
  const digest = parseDigest(digestText);
  if (call.request.method === "HEAD") return headBlob(call, repository, digest, blobs);
  if (call.request.method === "GET") return getBlob(call, repository, digest, blobs);
  await blobs.delete(repository, digest, call.mayPull, call.exchange);
  return new Response(null, { status: 202, headers: API_HEADERS });
}

async function headBlob(call: Call, repository: Repository, digest: Digest, blobs: Blobs): Promise<Response> {
  const sizeBytes = await blobs.sizeForPush(repository, digest, call.context);
  call.exchange.record.served = { digest, mediaType: BLOB_TYPE, sizeBytes };
  return describeContent(call.request, { sizeBytes, tag: digest, headers: blobHeaders(digest) });
}

async function getBlob(call: Call, repository: Repository, digest: Digest, blobs: Blobs): Promise<Response> {
  const blob = await blobs.get(repository, digest, call.context);
  const { record } = call.exchange;
  record.source = blob.fetchedFrom === null ? "disk" : "upstream";
  record.upstream = blob.fetchedFrom;
  record.served = { digest, mediaType: BLOB_TYPE, sizeBytes: blob.size };
  const content: Content = {
    sizeBytes: blob.size,
    tag: digest,
    headers: blobHeaders(digest),
    noun: "blob",
    isHere: blob.fetchedFrom === null,
    async read(range) {
      const body = await blob.read(range);
      call.exchange.allowSlowTransfer();
      return body;
    },
    async open(bytes) {
      const reader = await blob.open(bytes);
      call.exchange.allowSlowTransfer();
      return reader;
    },
  };
  return sendContent(call.exchange, content);
}

const BLOB_TYPE = "application/octet-stream";

/** Content under a digest never changes: caches may keep it for a year. */
function blobHeaders(digest: Digest): Record<string, string> {
  return {
    ...API_HEADERS,
    "Content-Type": BLOB_TYPE,
    "Docker-Content-Digest": digest,
    "Cache-Control": "public, max-age=31536000, immutable",
  };
}
