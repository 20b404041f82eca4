import type { Digest } from "../../oci/digest.ts";
import type { BlobTransitions } from "../blob-transitions.ts";
import type { BlobHold, BlobTransitionStore, Departure, HeldBack } from "../collection.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

const HAS_RECORD = "EXISTS (SELECT 1 FROM blob b WHERE b.digest = d.value)";
const HAS_LINK = "EXISTS (SELECT 1 FROM repository_blob r WHERE r.digest = d.value)";

/** What holds for those of the digests in `json_each` that may go. */
const CONDITIONS: Readonly<Record<Departure, string>> = {
  unlinked: `${HAS_RECORD} AND NOT ${HAS_LINK}`,
  unrecorded: `NOT ${HAS_RECORD}`,
  damaged: "TRUE",
};

/** Those of a few hundred blobs that the departure holds for. */
export function findBlobsThat(
  database: SqliteDatabase,
  departure: Departure,
  digests: readonly Digest[],
): readonly Digest[] {
  return database
    .query<{ digest: string }, [string]>(
      `SELECT d.value AS digest FROM json_each(?) d WHERE ${CONDITIONS[departure]} ORDER BY d.key`,
    )
    .all(JSON.stringify(digests))
    .map((row) => row.digest as Digest);
}

/** Comings and goings of blobs: records in SQLite, and in memory who arrives and what is going. */
export class SqliteBlobTransitions implements BlobTransitionStore {
  readonly #database: SqliteDatabase;
  readonly #transitions: BlobTransitions;

  constructor(database: SqliteDatabase, transitions: BlobTransitions) {
    this.#database = database;
    this.#transitions = transitions;
  }

  arrive<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    return this.#transitions.arrive(digest, work);
  }

  hold(): Promise<BlobHold> {
    return this.#transitions.hold();
  }

  heldBack(): HeldBack {
    return this.#transitions.heldBack();
  }

  async takeAway(
    wanted: readonly Digest[],
    departure: Departure,
    take: (going: readonly Digest[]) => Promise<readonly Digest[]>,
  ): Promise<readonly Digest[]> {
    const digests = departure === "unlinked" ? this.#transitions.notHeld(wanted) : wanted;
    if (departure === "unlinked") await this.#strikeOff(digests);
    // In one turn of the event loop: no link comes between the look and the claim.
    const going = this.#transitions.begin(findBlobsThat(this.#database, departure, digests), departure);
    try {
      if (going.digests.length === 0) return [];
      await this.#database.settle();
      const gone = await take(going.digests);
      if (departure === "unlinked" && gone.length > 0) await this.#forget(gone);
      return gone;
    } finally {
      going.end();
    }
  }

  /** Takes those off the list of unlinked ones that have a link, or no record. */
  async #strikeOff(digests: readonly Digest[]): Promise<void> {
    const list = JSON.stringify(digests);
    const mistaken = `SELECT d.value FROM json_each(?) d WHERE ${HAS_LINK} OR NOT ${HAS_RECORD}`;
    if (this.#database.query<unknown, [string]>(`${mistaken} LIMIT 1`).get(list) === null) return;
    const sql = `DELETE FROM unlinked WHERE digest IN (${mistaken})`;
    await this.#database.freeing(() => this.#database.query<null, [string]>(sql).run(list));
  }

  async #forget(gone: readonly Digest[]): Promise<void> {
    const list = JSON.stringify(gone);
    const unlinked = `SELECT d.value FROM json_each(?) d WHERE NOT ${HAS_LINK}`;
    await this.#database.freeing(() => {
      for (const table of ["unlinked", "blob"]) {
        this.#database.query<null, [string]>(`DELETE FROM ${table} WHERE digest IN (${unlinked})`).run(list);
      }
    });
  }
}
