import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { NO_CAUSE } from "../events.ts";
import type { Page } from "../page.ts";
import { type BlobHolder, type Rot, ROTTEN_KEPT, type RottenBlob, type RottenBlobStore } from "../verification.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteEvents } from "./sqlite-events.ts";

const COLUMNS = "digest, rot, reason, since AS sinceMs";

/** Manifests that are looked at for a blob: one that all images share is named by very many. */
const MANIFESTS_LOOKED_AT = 1000;

/**
 * Manifests that name ?1, and indexes over them, at most so deep and so many; then who holds these, ?2 of them. What has a tag comes first,
 * and what only an index lists is told of by that.
 */
const HOLDERS = `
  WITH RECURSIVE up (manifest, depth) AS (
    SELECT manifest, 0 FROM manifest_reference WHERE digest = ?1
    UNION
    SELECT f.manifest, up.depth + 1 FROM up CROSS JOIN manifest_reference f ON f.digest = up.manifest WHERE up.depth < 4
    LIMIT ${MANIFESTS_LOOKED_AT}
  )
  SELECT DISTINCT h.repository, t.name AS tag, h.manifest, t.pushed
  FROM up CROSS JOIN repository_manifest h ON h.manifest = up.manifest
    LEFT JOIN tag t ON t.repository = h.repository AND t.manifest = h.manifest
  WHERE t.name IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM manifest_reference o CROSS JOIN repository_manifest p
      ON p.manifest = o.manifest AND p.repository = h.repository WHERE o.digest = h.manifest)
  ORDER BY t.name IS NULL, h.repository, t.name LIMIT ?2`;

type HolderRow = {
  readonly repository: RepositoryName;
  readonly tag: Tag | null;
  readonly manifest: Digest;
  readonly pushed: 0 | 1 | null;
};

/** Rotten blobs in SQLite. */
export class SqliteRottenBlobs implements RottenBlobStore {
  readonly #database: SqliteDatabase;
  readonly #events: SqliteEvents;

  constructor(database: SqliteDatabase, events: SqliteEvents) {
    this.#database = database;
    this.#events = events;
  }

  async note({ digest, rot, reason, sinceMs }: RottenBlob): Promise<boolean> {
    return this.#database.freeing(() => {
      const known = this.#find(digest);
      const sql = `INSERT INTO rotten (digest, rot, reason, since) SELECT ?1, ?2, ?3, ?4
        WHERE EXISTS (SELECT 1 FROM blob WHERE digest = ?1) AND (?5 OR (SELECT count(*) FROM rotten) < ${ROTTEN_KEPT})
        ON CONFLICT DO UPDATE SET rot = excluded.rot, reason = excluded.reason`;
      const isKnown = known === null ? 0 : 1;
      const insert = this.#database.query<null, [string, string, string, number, number]>(sql);
      if (insert.run(digest, rot, reason, sinceMs, isKnown).changes === 0 || known !== null) return false;
      this.#tell("damaged", digest, sinceMs);
      return true;
    });
  }

  async heal(digest: Digest, atMs: number): Promise<boolean> {
    return this.#find(digest) !== null && this.#database.freeing(() => this.strikeOff(digest, atMs));
  }

  /** As `heal`, to be called within a transaction. Looking costs a few microseconds; nearly nothing is ever rotten. */
  strikeOff(digest: Digest, atMs: number): boolean {
    const found = this.#find(digest);
    if (found === null) return false;
    this.#database.query<null, [string]>("DELETE FROM rotten WHERE digest = ?").run(digest);
    this.#database.otherwise(() => {
      const sql = "INSERT INTO rotten (digest, rot, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
      const { rot, reason, sinceMs } = found;
      this.#database.query<null, [string, string, string, number]>(sql).run(digest, rot, reason, sinceMs);
    });
    this.#tell("healed", digest, atMs);
    return true;
  }

  async find(digest: Digest): Promise<RottenBlob | null> {
    return this.#find(digest);
  }

  async list({ after, limit }: Page): Promise<readonly RottenBlob[]> {
    const sql = `SELECT ${COLUMNS} FROM rotten WHERE digest > ? ORDER BY digest LIMIT ?`;
    return this.#database.query<RottenBlob, [string, number]>(sql).all(after ?? "", limit);
  }

  async count(): Promise<Readonly<Record<Rot, number>>> {
    const rows = this.#database
      .query<{ rot: Rot; n: number }, []>("SELECT rot, count(*) AS n FROM rotten GROUP BY rot")
      .all();
    const counts = { damaged: 0, missing: 0, unreadable: 0 };
    for (const { rot, n } of rows) counts[rot] = n;
    return counts;
  }

  async findHolders(digest: Digest, limit: number): Promise<readonly BlobHolder[]> {
    const rows = this.#database.query<HolderRow, [string, number]>(HOLDERS).all(digest, limit);
    return rows.map(({ pushed, ...row }) => ({ ...row, kind: KINDS[String(pushed)] ?? null }));
  }

  async findLinking(digest: Digest, limit: number): Promise<readonly RepositoryName[]> {
    const sql = "SELECT repository FROM repository_blob WHERE digest = ? ORDER BY repository LIMIT ?";
    const rows = this.#database.query<{ repository: RepositoryName }, [string, number]>(sql).all(digest, limit);
    return rows.map(({ repository }) => repository);
  }

  #find(digest: Digest): RottenBlob | null {
    return this.#database.query<RottenBlob, [string]>(`SELECT ${COLUMNS} FROM rotten WHERE digest = ?`).get(digest);
  }

  #tell(kind: "damaged" | "healed", digest: Digest, atMs: number): void {
    const nothing = { repository: null, tag: null, mediaType: null, sizeBytes: null };
    this.#events.add({ ...NO_CAUSE, ...nothing, kind, digest, atMs });
  }
}

const KINDS: Readonly<Record<string, "pushed" | "cached">> = { "1": "pushed", "0": "cached" };
