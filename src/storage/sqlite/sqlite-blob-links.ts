import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { blobHappening } from "../event-told.ts";
import type { EventCause } from "../events.ts";
import type { BlobTransitions } from "../blob-transitions.ts";
import type { BlobLink, BlobLinkStore, TagKind } from "../metadata.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteDeliveries } from "./sqlite-deliveries.ts";
import { rememberRow } from "./remember-row.ts";
import { isNamed } from "./sqlite-naming.ts";
import type { SqliteRottenBlobs } from "./sqlite-rotten-blobs.ts";

/** Links between repositories and blobs in SQLite. */
export class SqliteBlobLinks implements BlobLinkStore {
  readonly #database: SqliteDatabase;
  readonly #transitions: BlobTransitions;
  readonly #rotten: SqliteRottenBlobs;
  readonly #deliveries: SqliteDeliveries;

  constructor(
    database: SqliteDatabase,
    transitions: BlobTransitions,
    rotten: SqliteRottenBlobs,
    deliveries: SqliteDeliveries,
  ) {
    this.#deliveries = deliveries;
    this.#database = database;
    this.#transitions = transitions;
    this.#rotten = rotten;
  }

  async linkBlob(
    repository: RepositoryName,
    digest: Digest,
    size: number,
    atMs: number,
    kind: TagKind = "pushed",
    cause?: EventCause,
  ): Promise<void> {
    await this.#database.durably(() => {
      this.#keepLink(repository, digest, size, atMs, kind);
      if (cause === undefined) return;
      const blob = { repository, digest, contentBytes: size, atMs, cause };
      this.#deliveries.note(() => blobHappening("blob-pushed", blob));
    });
  }

  async linkBlobs(
    repository: RepositoryName,
    blobs: ReadonlyMap<Digest, number>,
    atMs: number,
    kind: TagKind = "pushed",
  ): Promise<void> {
    await this.#database.durably(() => {
      for (const [digest, size] of blobs) this.#keepLink(repository, digest, size, atMs, kind);
    });
  }

  #keepLink(repository: RepositoryName, digest: Digest, size: number, atMs: number, kind: TagKind): void {
    this.#transitions.assertStays(digest);
    this.#database
      .query<null, [string, number]>(
        `INSERT INTO blob (digest, size) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET size = excluded.size WHERE size <> excluded.size`,
      )
      .run(digest, size);
    this.#link(repository, digest, atMs, kind);
    this.#rotten.strikeOff(digest, atMs);
  }

  async findLink(repositories: readonly RepositoryName[], digest: Digest): Promise<BlobLink | null> {
    const find = this.#database.query<{ size: number; touched_at: number }, [string, string]>(
      `SELECT b.size, r.touched_at FROM repository_blob r JOIN blob b ON b.digest = r.digest
       WHERE r.repository = ? AND r.digest = ?`,
    );
    for (const repository of repositories) {
      const row = find.get(repository, digest);
      if (row !== null) return { repository, size: row.size, touchedAtMs: row.touched_at };
    }
    return null;
  }

  async touchLink(repository: RepositoryName, digest: Digest, atMs: number): Promise<void> {
    this.#database.transact(() =>
      this.#database
        .query<null, [number, string, string]>(
          "UPDATE repository_blob SET touched_at = ? WHERE repository = ? AND digest = ?",
        )
        .run(atMs, repository, digest),
    );
  }

  async mountBlob(
    to: RepositoryName,
    digest: Digest,
    from: RepositoryName | null,
    atMs: number,
    kind: TagKind = "pushed",
    cause?: EventCause,
  ): Promise<number | null> {
    return this.#database.durably(() => {
      const row = this.#database
        .query<{ size: number }, [string, string | null, string | null]>(
          `SELECT b.size FROM blob b WHERE b.digest = ?
             AND EXISTS (SELECT 1 FROM repository_blob r WHERE r.digest = b.digest AND (? IS NULL OR r.repository = ?))`,
        )
        .get(digest, from, from);
      if (row === null) return null;
      this.#link(to, digest, atMs, kind);
      if (cause !== undefined) {
        const blob = { repository: to, digest, contentBytes: row.size, atMs, cause, lender: from };
        this.#deliveries.note(() => blobHappening("blob-mounted", blob));
      }
      return row.size;
    });
  }

  async isReferenced(repository: RepositoryName, digest: Digest): Promise<boolean> {
    return isNamed(this.#database, repository, digest);
  }

  async findNaming(repositories: readonly RepositoryName[], digest: Digest): Promise<RepositoryName | null> {
    return repositories.find((repository) => isNamed(this.#database, repository, digest)) ?? null;
  }

  async isLinkedElsewhere(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const sql = "SELECT 1 FROM repository_blob WHERE digest = ? AND repository <> ? LIMIT 1";
    return this.#database.query<unknown, [string, string]>(sql).get(digest, repository) !== null;
  }

  async unlinkBlob(
    repository: RepositoryName,
    digest: Digest,
    by?: { readonly atMs: number; readonly cause: EventCause },
  ): Promise<boolean> {
    return this.#database.freeing(() => {
      rememberRow(this.#database, "repository_blob", [repository, digest]);
      const sql = "DELETE FROM repository_blob WHERE repository = ? AND digest = ?";
      const isGone = this.#database.query<null, [string, string]>(sql).run(repository, digest).changes > 0;
      if (isGone && by !== undefined) {
        const blob = { repository, digest, contentBytes: null, ...by };
        this.#deliveries.note(() => blobHappening("blob-removed", blob));
      }
      return isGone;
    });
  }

  #link(repository: RepositoryName, digest: Digest, atMs: number, kind: TagKind): void {
    rememberRow(this.#database, "repository_blob", [repository, digest]);
    const isHeld = kind === "cached" && isNamed(this.#database, repository, digest);
    this.#database
      .query<null, [string, string, number, number]>(
        `INSERT INTO repository_blob (repository, digest, touched_at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET touched_at = CASE ?4 WHEN 1 THEN touched_at ELSE excluded.touched_at END`,
      )
      .run(repository, digest, isHeld ? 0 : atMs, isHeld ? 1 : 0);
  }
}
