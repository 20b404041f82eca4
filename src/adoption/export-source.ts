import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { BlobOrigin } from "./registry-writer.ts";

/** What is exported: a store as it was at one moment. */
export type ExportSource = {
  readonly images: {
    repositories(): readonly RepositoryName[];
    manifests(repository: RepositoryName): readonly Digest[];
    tags(
      repository: RepositoryName,
    ): readonly { readonly tag: Tag; readonly digest: Digest; readonly updatedAtMs: number }[];
    manifest(digest: Digest): { readonly bytes: Uint8Array; readonly mediaType: string } | null;
  };
  readonly blob: (digest: Digest) => BlobOrigin;
};

/** What came of it. */
export type ExportCounts = {
  repositories: number;
  manifests: number;
  tags: number;
  /** Tags that are on something else there, and stayed. */
  tagsKept: number;
  blobs: number;
  bytes: number;
  linked: number;
  /** Tags that list what refers to a manifest, for registries without the referrers API. */
  referrerTags: number;
  problems: number;
};
