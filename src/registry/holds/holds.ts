import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";

/**
 * Says what is never given up by itself, whatever the reason would be: want of space, age, a retention rule. Pins are one
 * kind of holds, recordings are to be another.
 *
 * It answers at once, from memory: who gives something up asks in the very turn in which it goes.
 */
export interface Holds {
  /**
   * Why a manifest of a repository is held, in words that follow "it is kept by"; null: it is not. To be asked for each of its
   * tags, and with `tag` null for the manifest itself.
   */
  reasonFor(repository: RepositoryName, tag: Tag | null, digest: Digest): string | null;
}

/** The holds of several kinds together: the first that has a reason. */
export class AllHolds implements Holds {
  readonly #kinds: readonly Holds[];

  constructor(kinds: readonly Holds[]) {
    this.#kinds = kinds;
  }

  reasonFor(repository: RepositoryName, tag: Tag | null, digest: Digest): string | null {
    for (const kind of this.#kinds) {
      const reason = kind.reasonFor(repository, tag, digest);
      if (reason !== null) return reason;
    }
    return null;
  }
}
