/** The contract of space: what images take of it, and how cached ones are given up for want of it. */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { Page } from "./page.ts";

/** A manifest in the order of use. `usedAtMs` is when it was pulled last or, if it never was, when it came. */
export type UsePlace = { readonly usedAtMs: number; readonly repository: RepositoryName; readonly digest: Digest };

/**
 * An image as a whole: a manifest that nothing of its repository lists and that is attached to nothing there, with what it
 * lists and what is attached to any of them.
 */
export type ImageSpace = UsePlace & {
  /** Did a person put it here? */
  readonly isPushed: boolean;
  readonly pulledAtMs: number | null;
  /** Its own tags, in order; not those of what is attached to it. */
  readonly tags: readonly Tag[];
  /** The manifests of it that are here, itself the first. */
  readonly parts: readonly Digest[];
  /** The blobs of it that the repository links. */
  readonly blobs: ReadonlySet<Digest>;
  /** Bytes of all that is here of it: manifests, and each blob once. */
  readonly sizeBytes: number;
  /** Bytes of the blobs that would be given back, were it gone: nothing else holds them, nor does a pusher rely on them. */
  readonly ownBytes: number;
};

/** The blobs that a repository links. Those that repositories share count for each of them. */
export type RepositorySpace = { readonly repository: RepositoryName; readonly blobs: number; readonly bytes: number };

/**
 * Bytes of blobs: such as something that a person pushed names, such as cached manifests alone name, and such as nothing does.
 * Of a blob that very many manifests name, only the first ones are looked at.
 */
export type KindTotals = {
  readonly pushedBytes: number;
  readonly cachedBytes: number;
  readonly unheldBytes: number;
};

/** What images take, and their going. */
export interface SpaceStore {
  /** Cached manifests, the longest unused first, behind a place. Many are no images by themselves but belong to one. */
  listByUse(after: UsePlace | null, limit: number): Promise<readonly UsePlace[]>;
  /**
   * Measures an image, in turns; null when the manifest is none by itself, or not here. A link that somebody has touched since
   * `beforeMs` counts for a pusher's.
   */
  measure(repository: RepositoryName, digest: Digest, beforeMs: number): Promise<ImageSpace | null>;
  /**
   * Takes a cached image out of its repository, with its tags, with what only it lists and with what is attached to that; what
   * a person pushed, and what has a tag of its own, stays. It is done, or not, in the turn in which it is called, and durable
   * when it returns. False when it is not what was measured any more: used, tagged, pushed or listed meanwhile. The space is
   * given back by a collection.
   */
  evict(image: ImageSpace, atMs: number): Promise<boolean>;
  /** What repositories take, in the order of their names. */
  listRepositorySpace(page: Page): Promise<readonly RepositorySpace[]>;
  /** Adds up some hundred blobs behind a digest. `next` is where to go on; null: that were the last ones. */
  sumKinds(after: Digest | null): Promise<KindTotals & { readonly next: Digest | null }>;
  /** The manifests of a repository, in the order of their digests. */
  listManifests(repository: RepositoryName, page: Page): Promise<readonly Digest[]>;
}
