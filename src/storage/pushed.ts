/**
 * The contract of what people pushed: a pushed tag is theirs, and a manifest that they put by its digest alone, with all that it
 * leads to, whoever else has the same.
 */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";

/** A manifest that stands on the way from a digest up to a tag is looked at so often at most; behind that, nothing is pushed. */
export const PUSHED_LOOK_LIMIT = 1000;

/** Tells what of a repository was pushed. */
export interface PushedStore {
  /**
   * A pushed tag of the repository, among those that `isMeant`, that leads to this manifest or blob: at once, or by the indexes
   * and images that name it; `withReferrers`: also as something that refers to what a tag leads to. Null: there is none.
   */
  findPushedTag(
    repository: RepositoryName,
    digest: Digest,
    options?: { readonly isMeant?: (tag: Tag) => boolean; readonly withReferrers?: boolean },
  ): Promise<Tag | null>;
  /** Did a person put this manifest or blob here, or something that leads to it as above, or what it refers to? */
  isPushed(repository: RepositoryName, digest: Digest): Promise<boolean>;
}
