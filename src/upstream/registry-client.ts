/**
 * What larder can ask of another registry, larder itself included. `openRegistry` makes a client that can do all of it;
 * code asks for the smallest interface that it needs.
 *
 * In every method
 * - absence is `null` (or `false`); every failure throws an `UpstreamError`, whose `failure.kind` says which;
 * - an `AbortSignal` that fires makes the call, and a body that is being read, fail with the signal's reason;
 * - content is asked of the mirrors in their order, then of the registry itself, until one has it. Lists are asked of
 *   the registry itself first, since mirrors know only what they hold. Pushes and deletions go to the registry alone.
 *   A server that failed a short while ago is asked last.
 *
 * Source: distribution-spec v1.1.1.
 */
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Namespace, RepositoryPath } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { ReachabilityState } from "./reachability.ts";
import type { RateLimit } from "./transport/rate-limit.ts";

/** What every request can be given. */
export type RequestOptions = {
  readonly signal?: AbortSignal;
  /** The `Via` header of the request that this one is made for; needed to see loops that go through other machines. */
  readonly via?: string | null;
  /** The id of that request: the one that is made has it, too. */
  readonly requestId?: string | null;
};

/** What a HEAD says of a manifest. Each is null when the registry does not say it, or says something that is not valid. */
export type ManifestHead = {
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  readonly sizeBytes: number | null;
};

/**
 * A manifest as it was sent, byte for byte.
 *
 * `digest` was computed from the bytes, by the algorithm of the digest that was asked for, else sha256.
 * `mediaType` is the Content-Type without parameters, null when there was none.
 */
export type FetchedManifest = {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string | null;
};

/** Reads manifests. All of it throws `UpstreamError`; null means that the registry does not have it. */
export interface ManifestSource {
  /** Free of charge at registries that count pulls. */
  headManifest(path: RepositoryPath, reference: Tag | Digest, options?: RequestOptions): Promise<ManifestHead | null>;
  /**
   * The manifest is read whole, up to `limits.manifestBytes`; a longer one is a `protocol` failure, and so is one that
   * does not have the digest that was asked for.
   */
  getManifest(path: RepositoryPath, reference: Tag | Digest, options?: RequestOptions): Promise<FetchedManifest | null>;
}

/** `sizeBytes` is null when the registry does not say. */
export type BlobHead = { readonly sizeBytes: number | null };

/**
 * A blob on its way. **Its digest is not checked here**: whoever keeps the bytes does that.
 *
 * `body` begins at `offset` of the blob, which is 0 though another was asked for when the registry ignored the range:
 * skip the difference with `skipBytes`, or begin again. `totalBytes` is the length of the whole blob, null when the
 * registry does not say. A body that ends short of `totalBytes`, or goes on past it, fails as `interrupted` or
 * `protocol`; one that pauses for too long fails as `timeout`. Cancel a body that is not read to its end.
 */
export type BlobRead = {
  readonly body: ReadableStream<Uint8Array>;
  readonly offset: number;
  readonly totalBytes: number | null;
};

/**
 * Where a blob may be had besides, by its descriptor (`urls`): layers that a registry may not distribute itself. What does
 * not have `sizeBytes` is not taken. Source: image-spec v1.1.1, descriptor.md.
 */
export type BlobElsewhere = { readonly urls: readonly string[]; readonly sizeBytes: number };

/** Reads blobs. */
export interface BlobSource {
  headBlob(path: RepositoryPath, digest: Digest, options?: RequestOptions): Promise<BlobHead | null>;
  /**
   * Opens the blob at `offset` (bytes; 0 unless given). An offset past the blob's end is a `rejected` failure of status
   * 416. To resume a body that broke off, call again with what was received as the offset: the server that broke off is
   * then asked last. What the registry does not have is asked for `elsewhere`, without credentials and under the same
   * rules for addresses as the registry's redirects.
   */
  getBlob(
    path: RepositoryPath,
    digest: Digest,
    options?: RequestOptions & { readonly offset?: number; readonly elsewhere?: BlobElsewhere },
  ): Promise<BlobRead | null>;
}

/** Lists what refers to a manifest. */
export interface ReferrerSource {
  /**
   * What refers to `digest`: signatures, SBOMs, attestations. Empty when there is nothing, or the repository is not
   * there. Registries without the referrers API are asked for the referrers tag. Filtered by `artifactType` when given.
   */
  listReferrers(
    path: RepositoryPath,
    digest: Digest,
    options?: RequestOptions & { readonly artifactType?: string },
  ): Promise<readonly Descriptor[]>;
}

/** `after` begins behind that entry; `limit` stops after so many (unless given, at `limits.listEntries`). */
export type ListOptions = RequestOptions & { readonly after?: string; readonly limit?: number };

/** Tags in the registry's order. `isCut`: it has more of them than were taken. */
export type TagList = { readonly tags: readonly Tag[]; readonly isCut: boolean };

/** Lists tags and repositories. */
export interface TagSource {
  /** The tags over all pages; null when the repository is not there. */
  listTags(path: RepositoryPath, options?: ListOptions): Promise<TagList | null>;
  /** The repositories that these credentials may see, over all pages; null when the registry has no catalog. */
  listRepositories(options?: ListOptions): Promise<readonly RepositoryPath[] | null>;
}

/** A blob to push. */
export type BlobToPush = {
  readonly digest: Digest;
  /** Null when it is not known: the blob is then sent in chunks. */
  readonly sizeBytes: number | null;
  /** The content from `offset` on. Called again, mostly with another offset, after a broken transfer. */
  open(offset: number): Promise<ReadableStream<Uint8Array>>;
};

/** Takes blobs and manifests. */
export interface ImageSink {
  /**
   * Brings a blob into the repository: not at all when it is there (`present`), by a mount out of `mountFrom`, another
   * repository of the same registry (`mounted`), or by sending it (`uploaded`). A broken transfer is resumed.
   */
  pushBlob(
    path: RepositoryPath,
    blob: BlobToPush,
    options?: RequestOptions & { readonly mountFrom?: RepositoryPath },
  ): Promise<"present" | "mounted" | "uploaded">;
  /**
   * Stores a manifest under a tag or its digest. `subjectSeen` tells whether the registry keeps referrers by itself
   * (`OCI-Subject`); when it does not and the manifest has a subject, the referrers tag is the caller's to write.
   */
  putManifest(
    path: RepositoryPath,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    options?: RequestOptions,
  ): Promise<{ readonly subjectSeen: boolean }>;
  /** False when it was not there. By a tag, registries remove the tag alone, or answer UNSUPPORTED (`rejected`). */
  deleteManifest(path: RepositoryPath, reference: Tag | Digest, options?: RequestOptions): Promise<boolean>;
}

interface RegistryProbe {
  readonly namespace: Namespace;
  /** Asks for `/v2/` with the credentials. Resolves when they are good (or none are needed), throws when not. */
  ping(options?: RequestOptions): Promise<void>;
  /** The allowance that the registry spoke of last; null when it never did. */
  rateLimit(): RateLimit | null;
  /** Can the registry itself be reached? Always, as far as anybody knows, unless it is watched (`mayProbe`). */
  reachability(): ReachabilityState;
}

/** Everything at once; for composition. */
export interface RegistryClient
  extends ManifestSource,
    BlobSource,
    ReferrerSource,
    TagSource,
    ImageSink,
    RegistryProbe {}
