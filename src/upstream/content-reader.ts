import { algorithmOf, type Digest, digestOf, tryParseDigest } from "../oci/digest.ts";
import { MANIFEST_TYPES } from "../oci/media-type.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type {
  BlobHead,
  BlobRead,
  BlobSource,
  FetchedManifest,
  ManifestHead,
  ManifestSource,
  RequestOptions,
} from "./registry-client.ts";
import type { RegistryServer, ServerRequest } from "./registry-server.ts";
import { holdToLength, readWhole } from "./transport/response-body.ts";
import type { ServerPool } from "./server-pool.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest, type HttpResponse } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";
import type { UpstreamLimits } from "./upstream-limits.ts";

const ACCEPT_MANIFESTS = MANIFEST_TYPES.join(", ");

/** Manifests and blobs, from whichever server of a registry has them. */
export class ContentReader implements ManifestSource, BlobSource {
  readonly #pool: ServerPool;
  readonly #limits: Pick<UpstreamLimits, "manifestBytes" | "wholeTimeoutMs">;

  constructor(pool: ServerPool, limits: Pick<UpstreamLimits, "manifestBytes" | "wholeTimeoutMs">) {
    this.#pool = pool;
    this.#limits = limits;
  }

  headManifest(
    path: RepositoryPath,
    reference: Tag | Digest,
    options: RequestOptions = {},
  ): Promise<ManifestHead | null> {
    return this.#pool.readContent(async (server) => {
      const response = await server.send({ ...manifestRequest(server, path, reference, options), method: "HEAD" });
      if (response.status === 404) return null;
      insistOnStatus(response, "HEAD", [200]);
      return {
        digest: tryParseDigest(response.headers.get("docker-content-digest") ?? ""),
        mediaType: mediaTypeOf(response.headers),
        sizeBytes: contentLength(response.headers),
      };
    }, options.signal);
  }

  getManifest(
    path: RepositoryPath,
    reference: Tag | Digest,
    options: RequestOptions = {},
  ): Promise<FetchedManifest | null> {
    const wanted = tryParseDigest(reference);
    return this.#pool.readContent(async (server) => {
      const response = await server.send(manifestRequest(server, path, reference, options));
      if (response.status === 404) return null;
      insistOnStatus(response, "GET", [200]);
      const what = describeRequest("GET", response.url);
      const encoding = response.headers.get("content-encoding") ?? "identity";
      const { manifestBytes, wholeTimeoutMs } = this.#limits;
      const bytes = await readWhole(response.body, manifestBytes, what, wholeTimeoutMs);
      const digest = digestOf(bytes, wanted === null ? "sha256" : algorithmOf(wanted));
      if (wanted !== null && digest !== wanted) {
        throw new UpstreamError({ kind: "protocol" }, `${what} sent a manifest with the digest ${digest}`);
      }
      if (wanted === null && encoding !== "identity") {
        throw new UpstreamError(
          { kind: "protocol" },
          `${what} sent a manifest as ${JSON.stringify(encoding)}, unasked`,
        );
      }
      return { bytes, digest, mediaType: mediaTypeOf(response.headers) };
    }, options.signal);
  }

  headBlob(path: RepositoryPath, digest: Digest, options: RequestOptions = {}): Promise<BlobHead | null> {
    return this.#pool.readContent(async (server) => {
      const response = await server.send({
        ...blobRequest(server, path, digest, options),
        method: "HEAD",
        lane: "questions",
      });
      if (response.status === 404) return null;
      insistOnStatus(response, "HEAD", [200]);
      return { sizeBytes: contentLength(response.headers) };
    }, options.signal);
  }

  getBlob(
    path: RepositoryPath,
    digest: Digest,
    options: RequestOptions & { readonly offset?: number } = {},
  ): Promise<BlobRead | null> {
    const offset = options.offset ?? 0;
    return this.#pool.readContent(async (server) => {
      const request = blobRequest(server, path, digest, options);
      const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
      const response = await server.send({ ...request, headers });
      if (response.status === 404) return null;
      insistOnStatus(response, "GET", offset === 0 ? [200] : [200, 206]);
      const { lengthBytes, ...extent } =
        response.status === 206 ? await partialExtent(response, offset) : wholeExtent(response.headers);
      const what = describeRequest("GET", response.url);
      const body = holdToLength(response.body ?? emptyBody(), lengthBytes, what, (error) => {
        this.#pool.noteFailure(server, error);
      });
      return { body, ...extent };
    }, options.signal);
  }
}

function manifestRequest(
  server: RegistryServer,
  path: RepositoryPath,
  reference: Tag | Digest,
  { signal, via, requestId }: RequestOptions,
): ServerRequest {
  const url = server.address.url(`/${path}/manifests/${reference}`);
  return {
    method: "GET",
    url,
    access: { path, actions: "pull" },
    headers: { accept: ACCEPT_MANIFESTS },
    signal,
    via,
    requestId,
  };
}

function blobRequest(
  server: RegistryServer,
  path: RepositoryPath,
  digest: Digest,
  { signal, via, requestId }: RequestOptions,
): ServerRequest {
  return {
    method: "GET",
    url: server.address.url(`/${path}/blobs/${digest}`),
    access: { path, actions: "pull" },
    lane: "content",
    signal,
    via,
    requestId,
  };
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

function contentLength(headers: Headers): number | null {
  const text = headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function mediaTypeOf(headers: Headers): string | null {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() || null;
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
}
