import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { BlobSharer, SharingStore } from "../sharing.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Row = { readonly digest: Digest; readonly sharers: string };

/** Indexes that list a manifest, which are looked at for a tag. */
const INDEXES_LOOKED_AT = 20;

/** Who shares blobs, in SQLite: each set is one statement, and each blob costs no more than its limit. */
export class SqliteSharing implements SharingStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async findSharers(digests: readonly Digest[], limit: number): Promise<ReadonlyMap<Digest, readonly BlobSharer[]>> {
    const sql = `
      SELECT d.value AS digest, (
        SELECT json_group_array(json_array(repository, manifest)) FROM (
          SELECT m.repository, r.manifest FROM manifest_reference r
            CROSS JOIN repository_manifest m ON m.manifest = r.manifest
          WHERE r.digest = d.value ORDER BY r.manifest, m.repository LIMIT ?2)
      ) AS sharers FROM json_each(?1) d`;
    const rows = this.#database.query<Row, [string, number]>(sql).all(JSON.stringify(digests), limit);
    const found = new Map<Digest, readonly BlobSharer[]>();
    for (const { digest, sharers } of rows) {
      const pairs = JSON.parse(sharers) as [RepositoryName, Digest][];
      if (pairs.length > 0)
        found.set(
          digest,
          pairs.map(([repository, manifest]) => ({ repository, manifest })),
        );
    }
    return found;
  }

  async nameSharers(sharers: readonly BlobSharer[]): Promise<readonly (BlobSharer & { readonly tag: Tag | null })[]> {
    const sql = `
      SELECT p.value ->> 0 AS repository, p.value ->> 1 AS manifest, coalesce(
        (SELECT min(t.name) FROM tag t WHERE t.repository = p.value ->> 0 AND t.manifest = p.value ->> 1),
        (SELECT min(t.name) FROM (
            SELECT r.manifest FROM manifest_reference r WHERE r.digest = p.value ->> 1 LIMIT ${INDEXES_LOOKED_AT}) i
          CROSS JOIN tag t ON t.repository = p.value ->> 0 AND t.manifest = i.manifest)
      ) AS tag FROM json_each(?) p`;
    const pairs = sharers.map(({ repository, manifest }) => [repository, manifest]);
    return this.#database.query<BlobSharer & { readonly tag: Tag | null }, [string]>(sql).all(JSON.stringify(pairs));
  }
}
