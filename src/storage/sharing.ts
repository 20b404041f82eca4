/** The contract of who shares what: which images have a blob, asked in sets (`sharing.contract.ts` tests it). */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";

/** A manifest that names a blob, in a repository that holds it. */
export type BlobSharer = { readonly repository: RepositoryName; readonly manifest: Digest };

/** Finds images by the blobs that they name. */
export interface SharingStore {
  /**
   * For each blob the first manifests that name it, in the order of their digests and repositories, `limit` at most. Blobs that
   * nothing names are left out. `digests` times `limit` is some thousands at most, so that an answer keeps nobody waiting.
   */
  findSharers(digests: readonly Digest[], limit: number): Promise<ReadonlyMap<Digest, readonly BlobSharer[]>>;
  /**
   * The first tag that leads to each of some hundred manifests in its repository, by itself or by an index that lists it; null
   * where none does.
   */
  nameSharers(sharers: readonly BlobSharer[]): Promise<readonly (BlobSharer & { readonly tag: Tag | null })[]>;
}
