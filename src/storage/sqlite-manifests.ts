import type { KeyedMutex } from "../lib/keyed-mutex.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { ManifestPut, ManifestStore, StoredManifest } from "./metadata.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteManifestWriter } from "./sqlite-manifest-writer.ts";
import { type ManifestRow, toManifest } from "./sqlite-rows.ts";

/** Manifests in SQLite. */
export class SqliteManifests implements ManifestStore {
  readonly #database: SqliteDatabase;
  readonly #writer: SqliteManifestWriter;

  /** `linkTurns`: who changes many links in turns takes one after the other. */
  constructor(database: SqliteDatabase, linkTurns: KeyedMutex<"links">) {
    this.#database = database;
    this.#writer = new SqliteManifestWriter(database, linkTurns);
  }

  putManifest(repository: RepositoryName, put: ManifestPut): Promise<readonly Digest[]> {
    return this.#writer.put(repository, put);
  }

  async getManifest(repository: RepositoryName, digest: Digest): Promise<StoredManifest | null> {
    const row = this.#database
      .query<ManifestRow, [string, string]>(
        `SELECT m.digest, m.media_type, m.bytes FROM repository_manifest r JOIN manifest m ON m.digest = r.manifest
         WHERE r.repository = ? AND r.manifest = ?`,
      )
      .get(repository, digest);
    return row === null ? null : toManifest(row);
  }

  async deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    withChildren: boolean,
    atMs: number,
  ): Promise<boolean> {
    return this.#database.freeing(() => {
      const removed = this.#database
        .query<null, [string, string]>("DELETE FROM repository_manifest WHERE repository = ? AND manifest = ?")
        .run(repository, digest);
      if (removed.changes === 0) return false;
      markOrphans(this.#database, repository, digest, withChildren ? 0 : atMs);
      if (withChildren) collectOrphans(this.#database, 1);
      return true;
    });
  }

  async listReferrers(repository: RepositoryName, subject: Digest): Promise<readonly StoredManifest[]> {
    return this.#database
      .query<ManifestRow, [string, string]>(
        `SELECT m.digest, m.media_type, m.bytes FROM repository_manifest r JOIN manifest m ON m.digest = r.manifest
         WHERE r.repository = ? AND r.subject = ? ORDER BY r.manifest`,
      )
      .all(repository, subject)
      .map(toManifest);
  }
}

/** Notes the manifests that `parent` listed and that nothing else in the repository names. */
function markOrphans(database: SqliteDatabase, repository: string, parent: string, atMs: number): void {
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
  collectOrphans(database, 1);
}

/** Drops the orphans of before `beforeMs`, and theirs. Returns how many. */
export function collectOrphans(database: SqliteDatabase, beforeMs: number): number {
  const find = database.query<{ repository: string; manifest: string }, [number]>(
    `SELECT repository, manifest FROM repository_manifest WHERE orphaned_at < ? AND ${UNNAMED}`,
  );
  const remove = database.query<null, [string, string]>(
    "DELETE FROM repository_manifest WHERE repository = ? AND manifest = ?",
  );
  let count = 0;
  for (let orphans = find.all(beforeMs); orphans.length > 0; orphans = find.all(beforeMs)) {
    for (const { repository, manifest } of orphans) {
      remove.run(repository, manifest);
      markOrphans(database, repository, manifest, 0);
      count++;
    }
  }
  return count;
}

/** True of a row of `repository_manifest` that no tag and no manifest of its repository names. */
const UNNAMED = `
  NOT EXISTS (SELECT 1 FROM tag t
    WHERE t.repository = repository_manifest.repository AND t.manifest = repository_manifest.manifest)
  AND NOT EXISTS (SELECT 1 FROM manifest_reference f
    JOIN repository_manifest p ON p.manifest = f.manifest AND p.repository = repository_manifest.repository
    WHERE f.digest = repository_manifest.manifest)`;
