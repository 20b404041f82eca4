/** The contracts of collection: what may go, and how a blob's file comes and goes without a lock over its bytes. */
import type { Digest } from "../oci/digest.ts";
import type { Page } from "./page.ts";

/** The questions and deletions of a collection. */
export interface CollectionStore {
  /**
   * Drops manifests that only a deleted index held and links that no manifest needs, those that were orphaned or
   * touched before `beforeMs`, and forgets manifests of no repository. Of the links that it leaves, those that were touched
   * before `beforeMs` have had their grace: manifests hold them. It takes many turns of the event loop.
   */
  collectLinks(beforeMs: number): Promise<{ manifests: number; links: number }>;
  /** Blobs that have lost a link and may have no other, in the order of their digests. `takeAway` strikes them off. */
  listUnlinkedBlobs(page: Page): Promise<readonly Digest[]>;
  /** Those of a few hundred blobs that no record names and that nobody is bringing. */
  findUnrecorded(digests: readonly Digest[]): Promise<readonly Digest[]>;
}

/**
 * Why a blob's file is removed: no repository links the blob; no record names it; or its content is not its digest's,
 * whoever links it.
 */
export type Departure = "unlinked" | "unrecorded" | "damaged";

/**
 * Whose files may be put in their place, and whose may be taken away. No lock and no transaction is held while bytes move:
 * a blob is in one of these states, and each arrow is one short transaction, or none.
 *
 *              arrive              linkBlob                     the last link goes
 *     absent ─────────▶ arriving ───────────▶ live, linked ─────────────────────────▶ live, unlinked
 *       ▲ ▲                │ ▲                 │    ▲ ▲                                    │   │ │
 *       │ └────────────────┘ └─ arrive ────────┤    │ └── mountBlob, from another link     │   │ └▶ arriving
 *       │   fails before it links   "damaged"  ▼    │                                      │   │    (arrive)
 *       │                                    going ─┘  (its links stay; the file is brought anew)  │
 *       └──────────────────────────────────── going ◀──────────────────────────────────────┘  takeAway "unlinked"
 *          file deleted, then record forgotten
 *
 * - `arriving`: somebody puts the file, and links the blob then. Any number may do so at once. Nobody takes it away.
 * - `live`: it has a record. A file that is not here, or has another size, is as good as none: it is brought anew.
 * - `going`: its file is being deleted or moved. Whoever arrives waits until that has ended, and puts the file anew.
 *
 * A blob may become going only when it is neither arriving nor going, and `Departure` holds in that very transaction. What
 * made it so is durable before the file is touched: a power cut never brings back a link to a file that is gone. The file
 * goes before the record: a crash between them leaves a record without a link, which is still noted as unlinked, so that the
 * next collection deletes what is left and forgets it. A crash ends all arrivals: the file is then without a record, or
 * unlinked, and nobody was told that it is here.
 *
 * One process that has the database for itself knows in memory who arrives and what is going. Where processes share one,
 * both are rows with a time limit, renewed by whoever made them; `linkBlob` looks for its own arrival and fails without it,
 * and a deletion has to be given up before its limit: one who was thought dead changes nothing any more.
 */
export interface BlobTransitionStore {
  /**
   * From the moment that it resolves no file of an unlinked blob is taken away, for one who reads all blobs in the order of their digests: a
   * backup. What is recorded then and not rotten is there. What is unlinked meanwhile stays on the list. It ends with the process.
   */
  hold(): Promise<BlobHold>;
  /**
   * What has become of unlinked blobs that were not taken away since somebody holds on to them: all of them are still held, or
   * some are free to go, of which it tells once.
   */
  heldBack(): HeldBack;
  /** Runs work that puts a blob's file in its place and then links the blob. Waits while the blob is going. */
  arrive<T>(digest: Digest, work: () => Promise<T>): Promise<T>;
  /**
   * Takes away the files of those of a few hundred blobs that `departure` holds for and that nobody brings: `take` gets these,
   * and says whose files are gone. An unlinked one is forgotten then; one that turns out to be linked is struck off the list
   * of unlinked ones. Returns what `take` said; it is not called when there is nothing to take.
   */
  takeAway(
    digests: readonly Digest[],
    departure: Departure,
    take: (going: readonly Digest[]) => Promise<readonly Digest[]>,
  ): Promise<readonly Digest[]>;
}

/** See `BlobTransitionStore.heldBack`. */
export type HeldBack = "nothing" | "held" | "free";

/** Blobs that nobody takes away. */
export type BlobHold = {
  /** Blobs up to this one are not needed any more. */
  advance(digest: Digest): void;
  release(): void;
};
