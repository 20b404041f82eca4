import type { Turns } from "../../lib/async/turns.ts";
import type { Pull, PullStore } from "../pulls.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** Pulls of one transaction: a millisecond, when they come in the order of the table's key. */
const SLICE = 100;
/** An index of indexes is looked through so far, and of what lists one manifest so many are told. */
const DEPTH = 3;
const INDEXES = 50;

/** Notes of pulls in SQLite. */
export class SqlitePulls implements PullStore {
  readonly #database: SqliteDatabase;
  readonly #turns: Turns;

  constructor(database: SqliteDatabase, turns: Turns) {
    this.#database = database;
    this.#turns = turns;
  }

  async notePulls(pulls: readonly Pull[]): Promise<void> {
    const work = this.#turns.begin();
    // At random places of the table the same takes ten times as long.
    const sorted = pulls.toSorted((a, b) => compare(a.repository, b.repository) || compare(a.digest, b.digest));
    for (let at = 0; at < sorted.length; at += SLICE) {
      await work.rest();
      const slice = sorted.slice(at, at + SLICE);
      this.#database.lightly(() => {
        for (const { repository, digest, atMs } of slice) this.#note(repository, digest, atMs, DEPTH);
      });
    }
  }

  async lastPull(repository: string, manifest: string): Promise<number | null> {
    const sql = "SELECT pulled_at FROM repository_manifest WHERE repository = ? AND manifest = ?";
    return (
      this.#database.query<{ pulled_at: number }, [string, string]>(sql).get(repository, manifest)?.pulled_at || null
    );
  }

  #note(repository: string, manifest: string, atMs: number, depth: number): void {
    const { changes } = this.#database
      .query<null, [string, string, number]>(
        "UPDATE repository_manifest SET pulled_at = ?3, used_at = ?3 WHERE repository = ?1 AND manifest = ?2",
      )
      .run(repository, manifest, atMs);
    if (changes === 0) return;
    this.#database
      .query<null, [string, string, number]>("UPDATE tag SET pulled_at = ?3 WHERE repository = ?1 AND manifest = ?2")
      .run(repository, manifest, atMs);
    if (depth === 0) return;
    for (const index of this.#indexesOf(repository, manifest)) this.#note(repository, index, atMs, depth - 1);
  }

  #indexesOf(repository: string, manifest: string): readonly string[] {
    return this.#database
      .query<{ manifest: string }, [string, string, number]>(
        `SELECT f.manifest FROM manifest_reference f CROSS JOIN repository_manifest r
           ON r.repository = ?1 AND r.manifest = f.manifest
         WHERE f.digest = ?2 LIMIT ?3`,
      )
      .all(repository, manifest, INDEXES)
      .map((row) => row.manifest);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
