import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { HoldingStore } from "../metadata.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Found = { readonly digest: Digest; readonly repository: RepositoryName };
type Sized = { readonly digest: Digest; readonly size: number };

/** Sets of manifests and blobs in SQLite, each set one statement: `json_each` makes rows of the digests. */
export class SqliteHoldings implements HoldingStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async findManifests(repositories: readonly RepositoryName[], digests: readonly Digest[]) {
    const find = this.#database.query<Found, [string, string]>(
      `SELECT m.manifest AS digest, m.repository FROM json_each(?2) d
       CROSS JOIN repository_manifest m ON m.manifest = d.value AND m.repository = ?1`,
    );
    const found = new Map<Digest, RepositoryName>();
    for (const repository of repositories) {
      const rest = digests.filter((digest) => !found.has(digest));
      if (rest.length === 0) break;
      for (const row of find.all(repository, JSON.stringify(rest))) found.set(row.digest, row.repository);
    }
    return found;
  }

  async findLinked(repositories: readonly RepositoryName[], digests: readonly Digest[]) {
    const find = this.#database.query<Sized, [string, string]>(
      `SELECT r.digest, b.size FROM json_each(?2) d
       CROSS JOIN repository_blob r ON r.digest = d.value AND r.repository = ?1
       CROSS JOIN blob b ON b.digest = r.digest`,
    );
    const found = new Map<Digest, number>();
    for (const repository of repositories) {
      const rest = digests.filter((digest) => !found.has(digest));
      if (rest.length === 0) break;
      for (const { digest, size } of find.all(repository, JSON.stringify(rest))) found.set(digest, size);
    }
    return found;
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
}
