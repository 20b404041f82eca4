import { algorithmOf, type Digest, digestOf, tryParseDigest } from "../oci/digest.ts";
import { MANIFEST_TYPES } from "../oci/media-type.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { blobOf, contentLength, rangeFrom } from "./blob-body.ts";
import { readElsewhere } from "./blob-elsewhere.ts";
import type {
  BlobElsewhere,
  BlobHead,
  BlobRead,
  BlobSource,
  FetchedManifest,
  ManifestHead,
  ManifestSource,
  RequestOptions,
} from "./registry-client.ts";
import type { RegistryServer, ServerRequest } from "./registry-server.ts";
import { readWhole } from "./transport/response-body.ts";
import type { ServerPool } from "./server-pool.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest } from "./transport/transport.ts";
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

  async getBlob(
    path: RepositoryPath,
    digest: Digest,
    options: RequestOptions & { readonly offset?: number; readonly elsewhere?: BlobElsewhere } = {},
  ): Promise<BlobRead | null> {
    const { elsewhere, signal } = options;
    if (elsewhere === undefined || elsewhere.urls.length === 0) return this.#ownBlob(path, digest, options);
    try {
      const found = await this.#ownBlob(path, digest, options);
      if (found !== null) return found;
    } catch (error) {
      // That it may not give it away is told in many ways.
      if (!(error instanceof UpstreamError)) throw error;
      signal?.throwIfAborted();
    }
    return readElsewhere(this.#pool.registry, digest, elsewhere, options);
  }

  #ownBlob(
    path: RepositoryPath,
    digest: Digest,
    options: RequestOptions & { readonly offset?: number },
  ): Promise<BlobRead | null> {
    const offset = options.offset ?? 0;
    return this.#pool.readContent(async (server) => {
      const request = blobRequest(server, path, digest, options);
      const headers = rangeFrom(offset);
      const response = await server.send({ ...request, headers });
      if (response.status === 404) return null;
      insistOnStatus(response, "GET", offset === 0 ? [200] : [200, 206]);
      return blobOf(response, offset, (error) => this.#pool.noteFailure(server, error));
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

function mediaTypeOf(headers: Headers): string | null {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() || null;
}
