import type { Turns } from "../../lib/async/turns.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { EVICTED, markOrphans, noteDeparture, releaseAttached, stampLeftBehind } from "./mark-orphans.ts";
import { isNamed } from "./sqlite-naming.ts";
import type { Collected, WorkList } from "./work-list.ts";

type Orphan = {
  readonly repository: string;
  readonly manifest: string;
  readonly subject: string | null;
  readonly orphanedAtMs: number;
};

/**
 * Manifests that only a deleted index listed, or that came for an index that never did: those of before `beforeMs`. Those of 0
 * went with an image that was removed, those of `EVICTED` with one that was evicted, and take along what is attached to them.
 */
export class SqliteOrphans implements WorkList<Orphan> {
  readonly #database: SqliteDatabase;
  readonly #beforeMs: number;
  readonly #nowMs: number | null;

  /** `nowMs`: when those were left behind that lose an attachment's tag; null: the next one to note something says when. */
  constructor(database: SqliteDatabase, beforeMs: number, nowMs: number | null = null) {
    this.#database = database;
    this.#beforeMs = beforeMs;
    this.#nowMs = nowMs;
  }

  next(): Orphan | null {
    return this.#database
      .query<Orphan, [number]>(
        `SELECT repository, manifest, subject, orphaned_at AS orphanedAtMs FROM repository_manifest
         WHERE orphaned_at < ? LIMIT 1`,
      )
      .get(this.#beforeMs);
  }

  /** Drops it, and those that only it listed become orphans. One that is named is none: it becomes one with what names it. */
  take({ repository, manifest, subject, orphanedAtMs }: Orphan): Collected {
    if (
      this.#isTagged(repository, manifest) ||
      isNamed(this.#database, repository, manifest) ||
      (subject !== null && this.#isHeld(repository, subject))
    ) {
      this.#database
        .query<null, [string, string]>(
          "UPDATE repository_manifest SET orphaned_at = NULL WHERE repository = ? AND manifest = ?",
        )
        .run(repository, manifest);
      return { manifests: 0, links: 0 };
    }
    this.#database
      .query<null, [string, string]>("DELETE FROM repository_manifest WHERE repository = ? AND manifest = ?")
      .run(repository, manifest);
    markOrphans(this.#database, repository, manifest, orphanedAtMs);
    if (orphanedAtMs === 0 || orphanedAtMs === EVICTED)
      releaseAttached(this.#database, repository, manifest, orphanedAtMs);
    else noteDeparture(this.#database, repository, manifest, orphanedAtMs);
    if (this.#nowMs !== null) stampLeftBehind(this.#database, this.#nowMs);
    return { manifests: 1, links: 0 };
  }

  #isHeld(repository: string, manifest: string): boolean {
    const sql = "SELECT 1 FROM repository_manifest WHERE repository = ? AND manifest = ?";
    return this.#database.query<unknown, [string, string]>(sql).get(repository, manifest) !== null;
  }

  #isTagged(repository: string, manifest: string): boolean {
    const sql = "SELECT 1 FROM tag WHERE repository = ? AND manifest = ? LIMIT 1";
    return this.#database.query<unknown, [string, string]>(sql).get(repository, manifest) !== null;
  }
}

/**
 * Removes something, and then, in turns, the orphans that no grace period keeps, and theirs. It is done when what was to be
 * removed is: whatever a crash or a failing disk leaves of the orphans, the collection takes.
 */
export async function removeInTurns<T>(
  database: SqliteDatabase,
  turns: Turns,
  atMs: number,
  remove: () => T,
): Promise<T> {
  const work = turns.begin();
  const orphans = new SqliteOrphans(database, 1, atMs);
  const takeTurn = () => {
    let orphan = orphans.next();
    while (orphan !== null && !work.isTurnOver) {
      orphans.take(orphan);
      orphan = orphans.next();
    }
    return orphan !== null;
  };
  const removed = await database.freeing(remove);
  let isMore = orphans.next() !== null;
  while (isMore) {
    await work.nextTurn();
    isMore = await database.freeing(takeTurn).catch(() => false);
  }
  return removed;
}
