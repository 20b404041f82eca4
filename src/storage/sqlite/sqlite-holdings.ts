import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { BlobLink, HoldingStore } from "../metadata.ts";
import type { Page } from "../page.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Found = { readonly digest: Digest; readonly repository: RepositoryName };
type Linked = Found & { readonly size: number; readonly touchedAtMs: number };
type Sized = { readonly digest: Digest; readonly size: number };

/**
 * Sets of manifests and blobs in SQLite, each set one statement: `json_each` makes rows of the digests, and of the
 * repositories. Where several have something, the other columns are those of the row that `min` takes (sqlite.org,
 * "Quirks", bare columns in an aggregate query): of the first repository.
 */
export class SqliteHoldings implements HoldingStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async findManifests(repositories: readonly RepositoryName[], digests: readonly Digest[]) {
    const rows = this.#database
      .query<Found, [string, string]>(
        `SELECT m.manifest AS digest, m.repository, min(n.key) FROM json_each(?2) d CROSS JOIN json_each(?1) n
         CROSS JOIN repository_manifest m ON m.manifest = d.value AND m.repository = n.value GROUP BY d.value`,
      )
      .all(JSON.stringify(repositories), JSON.stringify(digests));
    return new Map(rows.map(({ digest, repository }) => [digest, repository]));
  }

  async findLinks(repositories: readonly RepositoryName[], digests: readonly Digest[]) {
    const rows = this.#database
      .query<Linked, [string, string]>(
        `SELECT r.digest, r.repository, b.size, r.touched_at AS touchedAtMs, min(n.key)
         FROM json_each(?2) d CROSS JOIN json_each(?1) n
         CROSS JOIN repository_blob r ON r.digest = d.value AND r.repository = n.value
         CROSS JOIN blob b ON b.digest = r.digest GROUP BY d.value`,
      )
      .all(JSON.stringify(repositories), JSON.stringify(digests));
    return new Map<Digest, BlobLink>(
      rows.map(({ digest, repository, size, touchedAtMs }) => [digest, { repository, size, touchedAtMs }]),
    );
  }

  async findLinkedAnywhere(digests: readonly Digest[]) {
    const rows = this.#database
      .query<Sized, [string]>(
        `SELECT b.digest, b.size FROM json_each(?) d CROSS JOIN blob b ON b.digest = d.value
         WHERE EXISTS (SELECT 1 FROM repository_blob r WHERE r.digest = b.digest)`,
      )
      .all(JSON.stringify(digests));
    return new Map(rows.map(({ digest, size }) => [digest, size]));
  }

  async listHolders(digest: Digest, { after, limit }: Page): Promise<readonly RepositoryName[]> {
    const sql =
      "SELECT repository FROM repository_blob WHERE digest = ? AND repository > ? ORDER BY repository LIMIT ?";
    const rows = this.#database
      .query<{ repository: RepositoryName }, [string, string, number]>(sql)
      .all(digest, after ?? "", limit);
    return rows.map(({ repository }) => repository);
  }
}
