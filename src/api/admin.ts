/**
 * The admin API as a contract: what the command line and the page ask a larder for, beyond the distribution API.
 * Everything is JSON; errors have the distribution API's form. Times are milliseconds since 1970, sizes are bytes.
 */

/** Where the admin API is. */
export const ADMIN_PATH = "/api/v1";

/** `GET /api/v1/version`: also how a client knows that a registry is a larder. */
export type VersionAnswer = { readonly name: "larder"; readonly version: string };

/** A tag of an image, in `GET /api/v1/images`. */
export type ListedImage = {
  /** `docker.io/library/nginx:1.27` */
  readonly name: string;
  readonly digest: string;
  readonly kind: "pushed" | "cached";
  /** Manifests and blobs of all platforms that are here; those that images share count for each of them. */
  readonly sizeBytes: number;
  readonly platforms: readonly string[];
  /** When the tag last came to point here. */
  readonly updatedAtMs: number;
};

/** `GET /api/v1/images`: ordered by name. */
export type ImagesAnswer = { readonly images: readonly ListedImage[] };

/** `POST /api/v1/gc`. `graceMs` replaces the configured period for what pushes in flight may need. */
export type CollectRequest = { readonly graceMs?: number };
export type CollectAnswer = {
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly bytes: number;
};
