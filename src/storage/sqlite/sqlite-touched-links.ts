import type { SqliteDatabase } from "./sqlite-database.ts";
import { isNamed } from "./sqlite-naming.ts";
import type { Collected, WorkList } from "./work-list.ts";

type Link = { readonly repository: string; readonly digest: string };

/** Links whose grace period has ended, being touched before `beforeMs`: a manifest holds them from now on, or they go. */
export class SqliteTouchedLinks implements WorkList<Link> {
  readonly #database: SqliteDatabase;
  readonly #beforeMs: number;

  constructor(database: SqliteDatabase, beforeMs: number) {
    this.#database = database;
    this.#beforeMs = beforeMs;
  }

  next(): Link | null {
    // Both conditions: the first, word for word, is that of the index.
    return this.#database
      .query<Link, [number]>(
        `SELECT repository, digest FROM repository_blob WHERE touched_at <> 0 AND touched_at < ?
         ORDER BY touched_at LIMIT 1`,
      )
      .get(this.#beforeMs);
  }

  take({ repository, digest }: Link): Collected {
    const isKept = isNamed(this.#database, repository, digest);
    const sql = isKept
      ? "UPDATE repository_blob SET touched_at = 0 WHERE repository = ? AND digest = ?"
      : "DELETE FROM repository_blob WHERE repository = ? AND digest = ?";
    this.#database.query<null, [string, string]>(sql).run(repository, digest);
    return { manifests: 0, links: isKept ? 0 : 1 };
  }
}
