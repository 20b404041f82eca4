import type { Work } from "../../lib/async/turns.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { isNamed } from "./sqlite-naming.ts";
import { isStorageFull } from "../storage-error.ts";

/** A row, by its key in the order of the round; rows without a repository have ''. */
type Row = { readonly repository: string; readonly digest: string };

/** One kind of rows that the round goes through. */
type Kind = {
  readonly what: string;
  /** Rows after a place, so many at most. */
  readonly after: string;
  /** Should this row have been noted? */
  readonly isForgotten: (row: Row) => boolean;
  /** Notes it. */
  readonly note: string;
};

/** Rows that are read in one turn, in about half a millisecond: nobody waits for this, and a push has many steps. */
const SLICE = 100;
const START: Row = { repository: "", digest: "" };

/**
 * A slow round through all links, blobs and manifests, a part in each collection: a net under what is noted when it comes
 * about, and what finds the leftovers of a release that noted nothing. It takes nothing away: it notes what it finds, and
 * the collection looks for itself.
 */
export class SqliteSweep {
  readonly #database: SqliteDatabase;
  readonly #rows: number;
  readonly #kinds: readonly Kind[];

  /** `rows` of each kind are looked at each time. */
  constructor(database: SqliteDatabase, rows: number) {
    this.#database = database;
    this.#rows = rows;
    const hasNone = (sql: string) => (row: Row) => database.query<unknown, [string]>(sql).get(row.digest) === null;
    this.#kinds = [
      {
        what: "links",
        after: `SELECT repository, digest FROM repository_blob
          WHERE (repository, digest) > (?1, ?2) ORDER BY repository, digest LIMIT ?3`,
        isForgotten: ({ repository, digest }) => !isNamed(database, repository, digest),
        // Touched in 1970, they have no grace left, and the collection looks at them.
        note: "UPDATE repository_blob SET touched_at = 1 WHERE repository = ?1 AND digest = ?2 AND touched_at = 0",
      },
      {
        what: "blobs",
        after: "SELECT ?1 AS repository, digest FROM blob WHERE digest > ?2 ORDER BY digest LIMIT ?3",
        isForgotten: hasNone("SELECT 1 FROM repository_blob WHERE digest = ? LIMIT 1"),
        note: "INSERT INTO unlinked (digest) SELECT ?2 WHERE ?1 = '' ON CONFLICT DO NOTHING",
      },
      {
        what: "manifests",
        after: "SELECT ?1 AS repository, digest FROM manifest WHERE digest > ?2 ORDER BY digest LIMIT ?3",
        isForgotten: hasNone("SELECT 1 FROM repository_manifest WHERE manifest = ? LIMIT 1"),
        note: "INSERT INTO released (manifest, repository) VALUES (?2, ?1) ON CONFLICT DO NOTHING",
      },
    ];
  }

  /** Goes on where the last call stopped, in turns. */
  async goOn(work: Work): Promise<void> {
    for (const kind of this.#kinds) await this.#goOn(kind, work);
  }

  async #goOn({ what, after, isForgotten, note }: Kind, work: Work): Promise<void> {
    const start = this.#placeOf(what);
    let place = start;
    for (let left = this.#rows; left > 0; left -= SLICE) {
      const limit = Math.min(left, SLICE);
      const rows = this.#database
        .query<Row, [string, string, number]>(after)
        .all(place.repository, place.digest, limit);
      const forgotten = rows.filter(isForgotten);
      if (forgotten.length > 0) this.#noteAll(note, forgotten);
      place = rows.length < limit ? START : (rows.at(-1) ?? START);
      if (place === START) break;
      await work.nextTurn();
    }
    if (place.repository !== start.repository || place.digest !== start.digest) this.#keepPlace(what, place);
  }

  #noteAll(note: string, rows: readonly Row[]): void {
    const statement = this.#database.query<null, [string, string]>(note);
    this.#database.transact(() => {
      for (const { repository, digest } of rows) statement.run(repository, digest);
    });
  }

  #placeOf(what: string): Row {
    const sql = "SELECT repository, digest FROM sweep WHERE what = ?";
    return this.#database.query<Row, [string]>(sql).get(what) ?? START;
  }

  #keepPlace(what: string, { repository, digest }: Row): void {
    const keep = this.#database.query<null, [string, string, string]>(
      `INSERT INTO sweep (what, repository, digest) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET repository = excluded.repository, digest = excluded.digest`,
    );
    try {
      this.#database.transact(() => keep.run(what, repository, digest));
    } catch (error) {
      // On a full disk the same rows are looked at once more next time. What is kept for removals is not for this.
      if (!isStorageFull(error)) throw error;
    }
  }
}
