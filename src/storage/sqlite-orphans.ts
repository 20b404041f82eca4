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

/** Notes the manifests that `parent` listed and that nothing else in the repository names. */
export function markOrphans(database: SqliteDatabase, repository: string, parent: string, atMs: number): void {
  database
    .query<null, [number, string, string]>(
      `UPDATE repository_manifest SET orphaned_at = ?
       WHERE repository = ? AND manifest IN (SELECT digest FROM manifest_reference WHERE manifest = ?)
         AND ${UNNAMED}`,
    )
    .run(atMs, repository, parent);
}

/** Drops a manifest that nothing in the repository names, and those that only it listed. */
export function releaseManifest(database: SqliteDatabase, repository: string, manifest: string): void {
  database
    .query<null, [string, string]>(
      `UPDATE repository_manifest SET orphaned_at = 0 WHERE repository = ? AND manifest = ? AND ${UNNAMED}`,
    )
    .run(repository, manifest);
  dropReleased(database);
}

/** Drops the orphans that no grace period keeps, and theirs. */
export function dropReleased(database: SqliteDatabase): void {
  const orphans = new SqliteOrphans(database, 1);
  for (let orphan = orphans.next(); orphan !== null; orphan = orphans.next()) orphans.take(orphan);
}

/** True of a row of `repository_manifest` that no tag and no manifest of its repository names. */
const UNNAMED = `
  NOT EXISTS (SELECT 1 FROM tag t
    WHERE t.repository = repository_manifest.repository AND t.manifest = repository_manifest.manifest)
  AND NOT EXISTS (SELECT 1 FROM manifest_reference f
    JOIN repository_manifest p ON p.manifest = f.manifest AND p.repository = repository_manifest.repository
    WHERE f.digest = repository_manifest.manifest)`;
