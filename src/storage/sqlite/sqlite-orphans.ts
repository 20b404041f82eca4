import type { Turns } from "../../lib/async/turns.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { isNamed } from "./sqlite-naming.ts";
import type { Collected, WorkList } from "./work-list.ts";

type Orphan = { readonly repository: string; readonly manifest: string };

/** Manifests that only a deleted index listed, or that came for an index that never did: those of before `beforeMs`. */
export class SqliteOrphans implements WorkList<Orphan> {
  readonly #database: SqliteDatabase;
  readonly #beforeMs: number;

  constructor(database: SqliteDatabase, beforeMs: number) {
    this.#database = database;
    this.#beforeMs = beforeMs;
  }

  next(): Orphan | null {
    return this.#database
      .query<Orphan, [number]>("SELECT repository, manifest FROM repository_manifest WHERE orphaned_at < ? LIMIT 1")
      .get(this.#beforeMs);
  }

  /** Drops it, and those that only it listed become orphans. One that is named is none: it becomes one with what names it. */
  take({ repository, manifest }: Orphan): Collected {
    if (this.#isTagged(repository, manifest) || isNamed(this.#database, repository, manifest)) {
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
    markOrphans(this.#database, repository, manifest, 0);
    return { manifests: 1, links: 0 };
  }

  #isTagged(repository: string, manifest: string): boolean {
    const sql = "SELECT 1 FROM tag WHERE repository = ? AND manifest = ? LIMIT 1";
    return this.#database.query<unknown, [string, string]>(sql).get(repository, manifest) !== null;
  }
}

/**
 * Notes the manifests that `parent`, which is gone, listed; not those that have a tag of their own, which stay when they lose
 * it. Whether another manifest names them is seen when they are taken.
 */
export function markOrphans(database: SqliteDatabase, repository: string, parent: string, atMs: number): void {
  // Tens of thousands of layers are not to be looked for among manifests.
  const row = database
    .query<{ media_type: string }, [string]>("SELECT media_type FROM manifest WHERE digest = ?")
    .get(parent);
  if (row === null || !isIndexType(row.media_type)) return;
  database
    .query<null, [number, string, string]>(
      `UPDATE repository_manifest SET orphaned_at = ?
       WHERE repository = ? AND manifest IN (SELECT digest FROM manifest_reference WHERE manifest = ?)
         AND ${UNTAGGED}`,
    )
    .run(atMs, repository, parent);
}

/** Notes a manifest that lost its last tag. */
export function releaseManifest(database: SqliteDatabase, repository: string, manifest: string): void {
  database
    .query<null, [string, string]>(
      `UPDATE repository_manifest SET orphaned_at = 0 WHERE repository = ? AND manifest = ? AND ${UNTAGGED}`,
    )
    .run(repository, manifest);
}

/**
 * Removes something with the orphans that no grace period keeps, and theirs: all in one transaction when they are few, else
 * in turns. Whatever a crash leaves of them, the collection takes.
 */
export async function removeInTurns<T>(database: SqliteDatabase, turns: Turns, remove: () => T): Promise<T> {
  const work = turns.begin();
  const orphans = new SqliteOrphans(database, 1);
  const takeTurn = () => {
    let orphan = orphans.next();
    while (orphan !== null && !work.isTurnOver) {
      orphans.take(orphan);
      orphan = orphans.next();
    }
    return orphan !== null;
  };
  let { removed, isMore } = await database.freeing(() => ({ removed: remove(), isMore: takeTurn() }));
  while (isMore) {
    await work.nextTurn();
    isMore = await database.freeing(takeTurn);
  }
  return removed;
}

/** True of a row of `repository_manifest` that no tag names. */
const UNTAGGED = `NOT EXISTS (SELECT 1 FROM tag t
  WHERE t.repository = repository_manifest.repository AND t.manifest = repository_manifest.manifest)`;
