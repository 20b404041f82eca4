import { parseChunkRange } from "../../lib/text/byte-range.ts";
import { algorithmOf, type DigestAlgorithm, isDigestAlgorithm, parseDigest, quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Blobs } from "../../registry/pull/blobs.ts";
import { ChunkOutOfOrder, type UploadChunk, type UploadState, type Uploads } from "../../registry/push/uploads.ts";
import type { Exchange } from "../exchange.ts";
import { takeBody } from "../take-body.ts";
import { API_HEADERS, type Call } from "./call.ts";

/** Turns the `from` of a mount, a name as clients write it, into a repository. */
export type LocateName = (name: string) => Repository;

/**
 * Answers POST of `/v2/NAME/blobs/uploads/`. Source: distribution-spec v1.1.1, "Pushing blobs"; `digest-algorithm`
 * from main.
 */
export async function beginUpload(
  call: Call,
  repository: Repository,
  locate: LocateName,
  { uploads, blobs }: { readonly uploads: Uploads; readonly blobs: Pick<Blobs, "isServed"> },
): Promise<Response> {
  const mount = call.exchange.query.get("mount");
  if (mount !== null) {
    const from = call.exchange.query.get("from");
    const digest = parseDigest(mount);
    const source = from === null || from === "" ? null : locate(from);
    // A mount that is not allowed is one of nothing: clients name what they may not read, too, and upload then.
    const { mayPull, context } = call;
    const mayLend = async (lender: Repository) =>
      (await mayPull?.(lender)) !== false && (await blobs.isServed(lender, digest, context));
    if (await uploads.mount(repository, digest, source, mayLend, call.exchange)) return created(call, digest);
  }
  const whole = call.exchange.query.get("digest");
  if (whole !== null && mount === null) {
    const digest = parseDigest(whole);
    call.exchange.allowSlowTransfer();
    await uploads.push(repository, digest, chunkOf(call.exchange), call.exchange);
    return created(call, digest);
  }
  return accepted(call, await uploads.begin(repository, algorithmAsked(call, mount)));
}

/** Answers GET, PATCH, PUT and DELETE of `/v2/NAME/blobs/uploads/ID`. */
export async function answerUpload(
  call: Call,
  repository: Repository,
  id: string,
  uploads: Uploads,
): Promise<Response> {
  switch (call.request.method) {
    case "GET":
    case "HEAD":
      return new Response(null, {
        status: 204,
        headers: uploadHeaders(call.exchange, await uploads.state(repository, id)),
      });
    case "PATCH":
      call.exchange.allowSlowTransfer();
      return accepted(call, await uploads.append(repository, id, chunkOf(call.exchange)));
    case "PUT": {
      const text = call.exchange.query.get("digest");
      if (text === null)
        throw new RegistryError("DIGEST_INVALID", "the upload's last request needs a digest parameter");
      const digest = parseDigest(text);
      call.exchange.allowSlowTransfer();
      await uploads.finish(repository, id, digest, chunkOf(call.exchange), call.exchange);
      return created(call, digest);
    }
    default:
      await uploads.cancel(repository, id);
      return new Response(null, { status: 204, headers: API_HEADERS });
  }
}

/** The headers of an answer for a fault that leaves the upload's session open: they say where to go on. */
export function headersOfUploadFault(fault: unknown, exchange: Exchange): Record<string, string> {
  return fault instanceof ChunkOutOfOrder ? uploadHeaders(exchange, fault.state) : {};
}

function chunkOf(exchange: Exchange): UploadChunk {
  const { request } = exchange;
  const header = request.headers.get("content-range");
  const range = header === null ? null : parseChunkRange(header);
  if (header !== null && range === null) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", `the Content-Range ${quoteBriefly(header)} is not START-END`);
  }
  const length = request.headers.get("content-length");
  const bytes = length === null ? null : Number(length);
  if (range !== null && bytes !== null && range.end - range.start !== bytes) {
    // Some clients send a range with an empty last request; others are mistaken, and would leave a hole.
    if (bytes !== 0) throw new RegistryError("SIZE_INVALID", `Content-Range ${header} does not hold ${bytes} bytes`);
    return { body: null, range: null, length: 0 };
  }
  return { body: takeBody(exchange), range, length: bytes };
}

function algorithmAsked(call: Call, mount: string | null): DigestAlgorithm {
  if (mount !== null) return algorithmOf(parseDigest(mount));
  const asked = call.exchange.query.get("digest-algorithm") ?? "sha256";
  if (!isDigestAlgorithm(asked)) {
    throw new RegistryError("DIGEST_INVALID", `digest-algorithm ${quoteBriefly(asked)} is not one of sha256, sha512`);
  }
  return asked;
}

function accepted(call: Call, state: UploadState): Response {
  return new Response(null, {
    status: 202,
    headers: { ...uploadHeaders(call.exchange, state), "Content-Length": "0" },
  });
}

/** `Range` counts its last byte in: Docker takes the layer's size from it. No bytes at all are `0-0` (spec v1.1.1). */
function uploadHeaders(exchange: Exchange, { id, size }: UploadState): Record<string, string> {
  return {
    ...API_HEADERS,
    Location: `${basePath(exchange)}/blobs/uploads/${id}${namespaceQuery(exchange)}`,
    Range: `0-${Math.max(0, size - 1)}`,
    "Docker-Upload-UUID": id,
  };
}

function created({ exchange }: Call, digest: ReturnType<typeof parseDigest>): Response {
  const location = `${basePath(exchange)}/blobs/${digest}${namespaceQuery(exchange)}`;
  const headers = { ...API_HEADERS, Location: location, "Docker-Content-Digest": digest, "Content-Length": "0" };
  return new Response(null, { status: 201, headers });
}

/** The path up to the repository's name, as the client wrote it. */
function basePath(exchange: Exchange): string {
  return exchange.path.slice(0, exchange.path.lastIndexOf("/blobs/uploads"));
}

function namespaceQuery(exchange: Exchange): string {
  const ns = exchange.query.get("ns");
  return ns === null ? "" : `?ns=${encodeURIComponent(ns)}`;
}
