import type { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { BlobTransitions } from "../blob-transitions.ts";
import type { Page } from "../page.ts";
import type { CollectionStore } from "../collection.ts";
import { finishWorkList, sumOf } from "./finish-work-list.ts";
import { findBlobsThat } from "./sqlite-blob-transitions.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteOrphans } from "./sqlite-orphans.ts";
import { SqliteReleasedManifests } from "./sqlite-released-manifests.ts";
import { SqliteSweep } from "./sqlite-sweep.ts";
import { SqliteTouchedLinks } from "./sqlite-touched-links.ts";
import type { Collected, WorkList } from "./work-list.ts";

/** What the collection shares with the rest of the store. */
type CollectionParts = {
  /** Held while a manifest is written in turns: until it is complete, nothing that it needs is looked at. */
  readonly linkTurns: KeyedMutex<"links">;
  readonly turns: Turns;
  readonly transitions: BlobTransitions;
  /** So many rows of each kind are looked at by a collection, though nothing was noted about them. */
  readonly sweepRows: number;
};

/**
 * Housekeeping in SQLite. It does what was noted when rows were taken away, a turn of it in one transaction, so that its
 * cost grows with what has changed, and nobody waits for more than a turn.
 */
export class SqliteCollection implements CollectionStore {
  readonly #database: SqliteDatabase;
  readonly #parts: CollectionParts;
  readonly #sweep: SqliteSweep;

  constructor(database: SqliteDatabase, parts: CollectionParts) {
    this.#database = database;
    this.#parts = parts;
    this.#sweep = new SqliteSweep(database, parts.sweepRows);
  }

  async collectLinks(beforeMs: number): Promise<Collected> {
    const work = this.#parts.turns.begin();
    await this.#sweep.goOn(work);
    const finish = <Piece>(list: WorkList<Piece>) => finishWorkList(this.#database, this.#parts.linkTurns, list, work);
    // In this order: an orphan that goes is a manifest that is released.
    const orphans = await finish(new SqliteOrphans(this.#database, beforeMs));
    const released = await finish(new SqliteReleasedManifests(this.#database, beforeMs));
    const touched = await finish(new SqliteTouchedLinks(this.#database, beforeMs));
    return sumOf([orphans, released, touched]);
  }

  async listUnlinkedBlobs(page: Page): Promise<readonly Digest[]> {
    return this.#database
      .query<{ digest: string }, [string, number]>(
        "SELECT digest FROM unlinked WHERE digest > ? ORDER BY digest LIMIT ?",
      )
      .all(page.after ?? "", page.limit)
      .map((row) => row.digest as Digest);
  }

  async findUnrecorded(digests: readonly Digest[]): Promise<readonly Digest[]> {
    const found = findBlobsThat(this.#database, "unrecorded", digests);
    return found.filter((digest) => !this.#parts.transitions.isArriving(digest));
  }
}
