import type { Turns } from "../lib/async/turns.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { Repository } from "../oci/repository.ts";
import type { Tag } from "../oci/tag.ts";
import type { BlobStore, FileIntake } from "../storage/blobs.ts";
import type { EventCause } from "../storage/events.ts";
import type { MetadataStore } from "../storage/metadata.ts";

/** What imports write to. */
export type ImportParts = {
  readonly metadata: Pick<
    MetadataStore,
    "manifests" | "tags" | "links" | "holdings" | "pushed" | "transitions" | "leases"
  >;
  readonly blobs: BlobStore;
  readonly intake: FileIntake;
  /** The rule by which a tag never changes; null: there is none. */
  readonly immutableBy: (repository: Repository, tag: Tag) => string | null;
  /** Is this one of larder's own names or addresses? */
  readonly isOwn: (namespace: Namespace) => boolean;
  readonly turns: Turns;
  readonly now: () => number;
  readonly elapsed: () => number;
};

/** What is to be imported, and how. */
export type ImportOptions = {
  /** The registry that those names belong to that say none. Null: `local`, where the folder is no cache's. */
  readonly namespace: Namespace | null;
  /** Are tags that are on something else here moved? */
  readonly force: boolean;
  /** Is everything read, and nothing written? */
  readonly dryRun: boolean;
  /** Do manifests without a tag stay behind, save what tags lead to and what is attached to that? */
  readonly taggedOnly: boolean;
  readonly cause: EventCause;
};
