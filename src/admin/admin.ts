import type { SelectionText } from "../oci/platform-selection.ts";
import type { ErrorCode } from "../oci/registry-error.ts";

/**
 * The admin API as a contract: what the command line and the page ask a larder for, beyond the distribution API.
 * Everything is JSON, and said to be so: a body of another Content-Type is refused, since a page of any site could send
 * it to a larder on its reader's machine. Errors have the distribution API's form. Times are milliseconds since 1970, sizes are bytes.
 * Images are named by references; in full names, `local/` stands for what was pushed under larder's own address.
 */

/** Where the admin API is. */
export const ADMIN_PATH = "/api/v1";

/** `GET /api/v1/version`: also how a client knows that a registry is a larder. */
export type VersionAnswer = { readonly name: "larder"; readonly version: string };

/** `GET /api/v1/health`: what `larder doctor` wants to know of the server. Takes as long as the slowest upstream. */
export type HealthAnswer = {
  /** The file system of the data folder: what larder may still write, and all of it. */
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number };
  /** Why nothing may be written, and what to do; null when all is well. */
  readonly storeProblem: string | null;
  readonly offline: boolean;
  /**
   * Whether each upstream registry answers; empty while offline. `problem` is null when it does. One that cannot be
   * reached is `away`: it is tried again in the background, and what is here is served without it meanwhile.
   */
  readonly upstreams: readonly {
    readonly namespace: string;
    readonly problem: string | null;
    readonly state: UpstreamReachability;
  }[];
};

/** Can an upstream registry be reached? `suspect`: not just now, but a moment ago. */
type UpstreamReachability = "reachable" | "suspect" | "away";

/** A tag of an image, in `GET /api/v1/images`. */
export type ListedImage = {
  /** `docker.io/library/nginx:1.27` */
  readonly name: string;
  readonly digest: string;
  readonly kind: "pushed" | "cached";
  /** What is here of it: manifests and blobs of all platforms. What images share counts for each of them. */
  readonly sizeBytes: number;
  /** Those that are here whole. */
  readonly platforms: readonly string[];
  /** When the tag last came to point here. */
  readonly updatedAtMs: number;
};

/**
 * `GET /api/v1/images`, `GET /api/v1/images?after=NAME`: a page, ordered by repository and tag. When there are more,
 * `next` is what to ask with as `after`; null at the end.
 */
export type ImagesAnswer = { readonly images: readonly ListedImage[]; readonly next: string | null };

/** `POST /api/v1/inspect`: what is here of an image. `image` is null when it is not here. Upstream is never asked. */
export type InspectRequest = { readonly image: string };
export type InspectAnswer = { readonly image: InspectedImage | null };
export type InspectedImage = {
  /** The full name that answers: a push to `local/` may, whatever registry was named. */
  readonly name: string;
  /** Null when a digest was asked for. */
  readonly kind: "pushed" | "cached" | null;
  readonly updatedAtMs: number | null;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string | null;
  /** What is here of it, as in `ListedImage`. */
  readonly sizeBytes: number;
  /** The images of an index, `platform` null for attestations; `isHere` tells whether the manifest is. */
  readonly platforms: readonly {
    readonly platform: string | null;
    readonly digest: string;
    readonly isHere: boolean;
  }[];
  readonly layers: readonly { readonly digest: string; readonly sizeBytes: number; readonly mediaType: string }[];
  readonly subject: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** The image's config as it is; null when it is not JSON, or not here. */
  readonly config: unknown;
  /** The manifest, byte for byte. */
  readonly manifestBase64: string;
};

/**
 * `POST /api/v1/gc`. `graceMs` replaces the configured period for what pushes in flight may need. `setAsideAll`: files
 * without a record are set aside however many they are. `giveUpAfterMs`: what was set aside so long ago is deleted.
 */
export type CollectRequest = {
  readonly graceMs?: number | undefined;
  readonly setAsideAll?: boolean | undefined;
  readonly giveUpAfterMs?: number | undefined;
};
export type CollectAnswer = {
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Files that were set aside, for want of a record, and that were brought back, since they have one again. */
  readonly setAside: number;
  readonly broughtBack: number;
  /** Files that had been set aside and were deleted. */
  readonly givenUp: number;
  /** What kept the collection from its work, and what to do; null when nothing did. */
  readonly problem: string | null;
};

/**
 * `POST /api/v1/verify`: reads every file of a blob and sets aside those whose bytes are wrong. The answer is a stream of
 * `VerifyProgress`, a JSON value a line; the last one is `done` or `failed`. A file that cannot be read stays.
 */
export type VerifyProgress =
  | { readonly kind: "progress"; readonly files: number; readonly bytes: number }
  | { readonly kind: "damaged"; readonly digest: string }
  | { readonly kind: "unreadable"; readonly digest: string; readonly reason: string }
  | { readonly kind: "done"; readonly files: number; readonly bytes: number }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/**
 * `POST /api/v1/cache`: brings an image here. The answer is a stream of `CacheProgress`, a JSON value a line; the last
 * one is `done` or `failed`.
 */
export type CacheRequest = { readonly image: string; readonly platforms: SelectionText };
export type CacheProgress =
  | { readonly kind: "resolved"; readonly digest: string; readonly warning: string | null }
  | {
      readonly kind: "blob";
      readonly digest: string;
      readonly sizeBytes: number;
      readonly state: "present" | "fetching";
    }
  | { readonly kind: "progress"; readonly digest: string; readonly doneBytes: number; readonly sizeBytes: number }
  | { readonly kind: "fetched"; readonly digest: string; readonly sizeBytes: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/**
 * `POST /api/v1/has`: are these images here, whole? 5,000 at most. Upstream is never asked. One answer for each, in their
 * order; when they are much work, for the first ones only: ask for the others again. `missing` are the first ones of
 * `missingCount` digests.
 */
export type HasRequest = { readonly images: readonly { readonly image: string; readonly platforms: SelectionText }[] };
export type HasAnswer = {
  readonly images: readonly {
    readonly state: "whole" | "absent" | "incomplete";
    readonly missing: readonly string[];
    readonly missingCount: number;
    readonly reason: string | null;
  }[];
};

/**
 * `POST /api/v1/remove`: removes a tag, or a manifest by digest, and what only it held. A pushed tag that covers a cached
 * one uncovers it. `removed` is null when there was nothing.
 */
export type RemoveRequest = { readonly image: string };
export type RemoveAnswer = { readonly removed: "pushed" | "cached" | "manifest" | null; readonly uncovered: boolean };

/**
 * `POST /api/v1/adopt`: makes a manifest that was pushed by its digest the cached answer to a tag, if the image has one.
 * An index of which only a part was copied is not pushed but adopted: `indexBase64` is what it holds. What it lists and
 * is not here is asked for at its registry when somebody wants it, as of every cached index.
 */
export type AdoptRequest = {
  readonly image: string;
  readonly digest: string;
  readonly indexBase64?: string | undefined;
};
export type AdoptAnswer = { readonly adopted: boolean };

/** `GET` and `PUT /api/v1/offline`: is contacting upstream registries forbidden? */
export type OfflineState = { readonly offline: boolean };

/** `GET /api/v1/stats`: counts since larder started, at `sinceMs`. */
export type StatsAnswer = {
  readonly sinceMs: number;
  readonly offline: boolean;
  readonly namespaces: readonly NamespaceStats[];
  /** The same over all starts, since the store began to count; null when the store cannot be read. */
  readonly total: { readonly sinceMs: number; readonly namespaces: readonly NamespaceCounts[] } | null;
  /** Files that were set aside, because no record names them or (`damaged`) their bytes are wrong. */
  readonly aside: { readonly files: number; readonly damaged: number; readonly bytes: number };
  /** Why nothing is collected, and what to do; null when nothing speaks against it. */
  readonly collectionRefusal: string | null;
  /** Why nothing may be written at all, and what to do; null when all is well. */
  readonly storeProblem: string | null;
};
/** Of very many namespaces, those that came last are counted together, as `other`. */
export type NamespaceCounts = {
  readonly namespace: string;
  readonly hits: number;
  readonly misses: number;
  /** Hits that may be older than what the registry has, since it could not be asked. */
  readonly stale: number;
  readonly bytesFromDisk: number;
  readonly bytesFromUpstream: number;
  /** What would have been fetched without larder: bytes from disk, for namespaces that have an upstream. */
  readonly bytesSaved: number;
};
export type NamespaceStats = NamespaceCounts & {
  /** Null when the namespace has no upstream. */
  readonly upstream: UpstreamReachability | null;
  /** The allowance that the registry spoke of last; null when it never did. */
  readonly rateLimit: {
    readonly limit: number;
    readonly remaining: number;
    readonly windowSeconds: number | null;
    readonly seenAtMs: number;
  } | null;
};
