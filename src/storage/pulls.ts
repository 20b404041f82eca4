/** The contract of what is noted of pulls: when an image was last asked for, for those who give space back. */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";

/** A pull of a manifest, by tag or by digest, from the repository that answered. */
export type Pull = { readonly repository: RepositoryName; readonly digest: Digest; readonly atMs: number };

/** Notes when images were last pulled. */
export interface PullStore {
  /**
   * Notes pulls, in many turns of the event loop; a power cut may take them. A manifest that an index of its repository
   * lists was pulled for that index, too. What is not here any more is passed over.
   */
  notePulls(pulls: readonly Pull[]): Promise<void>;
  /** When the manifest was pulled last, as far as was noted; null: never, or it is not here. */
  lastPull(repository: RepositoryName, digest: Digest): Promise<number | null>;
}
